package main

import (
	"bufio"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// ack is what a server answered about one batch.
type ack struct {
	Receipt     string   `json:"receipt"`
	Consistency []string `json:"consistency"`
}

type log struct {
	url      string
	verifier note.Verifier
}

func read(url string) error {
	vkey, err := get(url + "/log/vkey")
	if err != nil {
		return err
	}
	verifier, err := note.NewVerifier(strings.TrimSpace(string(vkey)))
	if err != nil {
		return err
	}
	l := log{url, verifier}
	signed, err := get(url + "/log/checkpoint")
	if err != nil {
		return err
	}
	tree, err := l.checkpoint(signed)
	if err != nil {
		return err
	}
	// Whatever this reader gives is proved to be in the tree.
	hashes := tlog.TileHashReader(tree, l)
	if err := l.entries(tree, hashes); err != nil {
		return err
	}
	acks, err := l.acks(tree, hashes)
	if err != nil {
		return err
	}
	fmt.Printf("%d entries, %d acks\n", tree.N, acks)
	return nil
}

// checkpoint reads a C2SP checkpoint that the log signed.
func (l log) checkpoint(signed []byte) (tlog.Tree, error) {
	n, err := note.Open(signed, note.VerifierList(l.verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) < 4 || lines[0] != l.verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("not a checkpoint of %s: %q", l.verifier.Name(), n.Text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

// entries reads every entry from its bundle and finds its hash in the tree.
func (l log) entries(tree tlog.Tree, hashes tlog.HashReader) error {
	for bundle := int64(0); bundle*256 < tree.N; bundle++ {
		tile := tlog.Tile{H: 8, L: -1, N: bundle, W: int(min64(256, tree.N-bundle*256))}
		data, err := get(l.url + "/log/" + path(tile))
		if err != nil {
			return err
		}
		for i := bundle * 256; i < bundle*256+int64(tile.W); i++ {
			if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
				return fmt.Errorf("bundle %d is cut short", bundle)
			}
			length := int(binary.BigEndian.Uint16(data))
			entry := data[2 : 2+length]
			data = data[2+length:]
			proof, err := tlog.ProveRecord(tree.N, i, hashes)
			if err != nil {
				return err
			}
			if err := tlog.CheckRecord(proof, tree.N, tree.Hash, i, tlog.RecordHash(entry)); err != nil {
				return fmt.Errorf("entry %d: %w", i, err)
			}
		}
		if len(data) != 0 {
			return fmt.Errorf("bundle %d is too long", bundle)
		}
	}
	return nil
}

// acks checks each receipt, and that each continues the one before it.
func (l log) acks(tree tlog.Tree, hashes tlog.HashReader) (int, error) {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	var before *tlog.Tree
	count := 0
	for ; lines.Scan(); count++ {
		var a ack
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			return 0, err
		}
		now, err := l.receipt(a.Receipt)
		if err != nil {
			return 0, fmt.Errorf("receipt %d: %w", count, err)
		}
		if before != nil && before.N < now.N {
			proof, err := parseHashes(a.Consistency)
			if err != nil {
				return 0, err
			}
			if err := tlog.CheckTree(proof, now.N, now.Hash, before.N, before.Hash); err != nil {
				return 0, fmt.Errorf("from %d to %d: %w", before.N, now.N, err)
			}
		}
		if root, err := tlog.TreeHash(now.N, hashes); err != nil || root != now.Hash {
			return 0, fmt.Errorf("the tiles do not have the root at %d: %v", now.N, err)
		}
		before = &now
	}
	return count, lines.Err()
}

// receipt checks a C2SP tlog-proof whose extra data is the entry.
func (l log) receipt(text string) (tlog.Tree, error) {
	head, signed, found := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	if !found || len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return tlog.Tree{}, fmt.Errorf("not a proof: %q", text)
	}
	entry, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	if err != nil {
		return tlog.Tree{}, err
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	proof, err := parseHashes(lines[3:])
	if err != nil {
		return tlog.Tree{}, err
	}
	tree, err := l.checkpoint([]byte(signed))
	if err != nil {
		return tlog.Tree{}, err
	}
	return tree, tlog.CheckRecord(tlog.RecordProof(proof), tree.N, tree.Hash, index, tlog.RecordHash(entry))
}

func (l log) Height() int { return 8 }

func (l log) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, tile := range tiles {
		var err error
		if data[i], err = get(l.url + "/log/" + path(tile)); err != nil {
			return nil, err
		}
	}
	return data, nil
}

func (l log) SaveTiles([]tlog.Tile, [][]byte) {}

// path is the path of C2SP tlog-tiles, which leaves the height out and names entries.
func path(tile tlog.Tile) string {
	return strings.Replace(strings.Replace(tile.Path(), "tile/8/", "tile/", 1), "tile/data/", "tile/entries/", 1)
}

func parseHashes(texts []string) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(texts))
	for i, text := range texts {
		var err error
		if hashes[i], err = tlog.ParseHash(text); err != nil {
			return nil, err
		}
	}
	return hashes, nil
}

func get(url string) ([]byte, error) {
	response, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", url, response.Status)
	}
	return io.ReadAll(response.Body)
}

func min64(a, b int64) int64 {
	if a < b {
		return a
	}
	return b
}
