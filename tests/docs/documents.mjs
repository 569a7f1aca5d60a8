// Reads the project's Markdown: what each document shows, names and points to.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { lexer, walkTokens } from "marked";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Every file of the project, as git knows it. */
export const FILES = execFileSync("git", ["ls-files", "-z"], { cwd: ROOT, encoding: "utf8" }).split("\0").slice(0, -1);

export const DOCUMENTS = FILES.filter((file) => file.endsWith(".md")).map(read);

/**
 * A document: its code `blocks` (`line` is that of the first line in them), inline `codes`, the targets of its
 * `links`, and the `anchors` that its headings are.
 */
function read(file) {
  const source = readFileSync(join(ROOT, file), "utf8");
  const document = { file, blocks: [], codes: [], links: [], anchors: [] };
  let place = 0;
  walkTokens(lexer(source), (token) => {
    if (token.type === "code") {
      place = source.indexOf(token.raw.split("\n", 1)[0], place);
      const above = source.slice(0, place).split("\n").length;
      const line = above + (token.codeBlockStyle === "indented" ? 0 : 1);
      document.blocks.push({ file, line, lang: token.lang ?? "", text: `${token.text}\n` });
      place += token.raw.length;
    } else if (token.type === "codespan") document.codes.push(token.text);
    else if (token.type === "link" || token.type === "image") document.links.push(token.href);
    else if (token.type === "heading") document.anchors.push(anchor(token.text, document.anchors));
    else if (token.type === "html") {
      for (const [, target] of token.raw.matchAll(/\s(?:href|src)="([^"]*)"/g)) document.links.push(target);
    }
  });
  return document;
}

/** The programs that JavaScript blocks are: one that imports nothing goes on where the one above it ended. */
export function programs(blocks) {
  const all = [];
  for (const { file, line, text } of blocks.filter(({ lang }) => lang === "js")) {
    const above = all.at(-1);
    if (above?.file === file && !/^import /m.test(text)) {
      const next = above.line + above.text.split("\n").length - 1;
      above.text += "\n".repeat(line - next) + text;
    } else all.push({ file, line, text });
  }
  return all;
}

/** What a heading is called in a link, as code forges have it. */
function anchor(heading, above) {
  const name = heading.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "");
  const slug = name.replaceAll(" ", "-");
  const same = above.filter((other) => other.replace(/-\d+$/, "") === slug).length;
  return same === 0 ? slug : `${slug}-${same}`;
}
