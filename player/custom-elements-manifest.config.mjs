// `npm run manifest --workspace player`: writes custom-elements.json from the comments in js/element/, for editors and for
// what makes documentation. It tells what a page may use, and nothing else.

const built = (path) => path.replace(/^\.?\/?js\//, "dist/").replace(/\.ts$/, ".js");

export default {
  globs: ["js/element/*.ts"],
  // What package.json says of it is written by hand.
  packagejson: false,
  plugins: [
    {
      name: "public-alone",
      packageLinkPhase({ customElementsManifest: manifest }) {
        manifest.modules = manifest.modules.filter(({ declarations }) =>
          declarations.some(({ customElement }) => customElement),
        );
        for (const module of manifest.modules) {
          module.declarations = module.declarations.filter(({ customElement }) => customElement);
          const names = new Set(module.declarations.map(({ name }) => name));
          module.exports = module.exports.filter(({ name }) => names.has(name));
          for (const declaration of module.declarations) {
            // Whatever they extend is no affair of a page.
            delete declaration.superclass;
            declaration.members = declaration.members?.filter(({ privacy = "public" }) => privacy === "public");
            for (const member of declaration.members ?? []) delete member.inheritedFrom;
          }
          module.path = built(module.path);
          for (const { declaration } of module.exports) declaration.module = built(declaration.module);
        }
        manifest.modules.sort((a, b) => a.path.localeCompare(b.path, "en"));
      },
    },
  ],
};
