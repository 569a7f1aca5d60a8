package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const origin = "go.example/log"

// sizes are those at which the log was published.
var sizes = []int64{1, 2, 3, 255, 256, 257, 300, 512, 600}

type published struct {
	Size int64  `json:"size"`
	Note string `json:"note"`
}

type inclusion struct {
	Index int64       `json:"index"`
	Size  int64       `json:"size"`
	Leaf  tlog.Hash   `json:"leaf"`
	Proof []tlog.Hash `json:"proof"`
}

type consistency struct {
	Old   int64       `json:"old"`
	New   int64       `json:"new"`
	Proof []tlog.Hash `json:"proof"`
}

// stored are the hashes of a log in the order in which they come about.
type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		hashes[i] = s[index]
	}
	return hashes, nil
}

func write(folder string) error {
	var hashes stored
	for n := int64(0); n < sizes[len(sizes)-1]; n++ {
		more, err := tlog.StoredHashes(n, []byte(fmt.Sprintf("entry %d", n)), hashes)
		if err != nil {
			return err
		}
		hashes = append(hashes, more...)
	}
	skey, vkey, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return err
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		return err
	}
	out := struct {
		Vkey        string        `json:"vkey"`
		Checkpoints []published   `json:"checkpoints"`
		Inclusion   []inclusion   `json:"inclusion"`
		Consistency []consistency `json:"consistency"`
	}{Vkey: vkey}
	for _, size := range sizes {
		root, err := tlog.TreeHash(size, hashes)
		if err != nil {
			return err
		}
		signed, err := note.Sign(&note.Note{Text: fmt.Sprintf("%s\n%d\n%s\n", origin, size, root)}, signer)
		if err != nil {
			return err
		}
		out.Checkpoints = append(out.Checkpoints, published{size, string(signed)})
		if err := tiles(folder, size, hashes); err != nil {
			return err
		}
		for _, index := range []int64{0, size / 3, size / 2, size - 1} {
			proof, err := tlog.ProveRecord(size, index, hashes)
			if err != nil {
				return err
			}
			leaf := hashes[tlog.StoredHashIndex(0, index)]
			out.Inclusion = append(out.Inclusion, inclusion{index, size, leaf, proof})
		}
		for _, old := range sizes {
			if old >= size {
				continue
			}
			proof, err := tlog.ProveTree(size, old, hashes)
			if err != nil {
				return err
			}
			out.Consistency = append(out.Consistency, consistency{old, size, proof})
		}
	}
	text, err := json.Marshal(out)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "log.json"), text, 0o644)
}

// tiles writes every tile that a log of this size has.
func tiles(folder string, size int64, hashes tlog.HashReader) error {
	for _, tile := range tlog.NewTiles(8, 0, size) {
		data, err := tlog.ReadTileData(tile, hashes)
		if err != nil {
			return err
		}
		file := filepath.Join(folder, filepath.FromSlash(path(tile)))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
