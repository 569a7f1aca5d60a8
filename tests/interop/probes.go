package main

import (
	"encoding/json"
	"os"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/merkle/testonly"
)

// probe is a claim about a tree. For inclusion, A is the index, and Old the leaf's hash; for consistency, A is the
// smaller size, and Old its root.
type probe struct {
	Kind  string   `json:"kind"`
	How   string   `json:"how"`
	A     uint64   `json:"a"`
	Size  uint64   `json:"size"`
	Old   []byte   `json:"old"`
	Root  []byte   `json:"root"`
	Proof [][]byte `json:"proof"`
	Holds bool     `json:"holds"`
}

// largest is the size of the largest tree that is probed.
const largest = 20

func probes() error {
	out := json.NewEncoder(os.Stdout)
	for _, p := range claims() {
		for _, bent := range bend(p) {
			if bent.Kind == "inclusion" {
				err := proof.VerifyInclusion(rfc6962.DefaultHasher, bent.A, bent.Size, bent.Old, bent.Proof, bent.Root)
				bent.Holds = err == nil
			} else {
				err := proof.VerifyConsistency(rfc6962.DefaultHasher, bent.A, bent.Size, bent.Proof, bent.Old, bent.Root)
				bent.Holds = err == nil
			}
			if err := out.Encode(bent); err != nil {
				return err
			}
		}
	}
	return nil
}

// claims are true.
func claims() []probe {
	tree := testonly.New(rfc6962.DefaultHasher)
	var all []probe
	for size := uint64(1); size <= largest; size++ {
		tree.AppendData([]byte{byte(size)})
		for a := uint64(0); a < size; a++ {
			hashes, err := tree.InclusionProof(a, size)
			if err != nil {
				panic(err)
			}
			all = append(all, probe{Kind: "inclusion", A: a, Size: size, Old: tree.LeafHash(a), Root: tree.Hash(), Proof: hashes})
		}
		for a := uint64(1); a <= size; a++ {
			hashes, err := tree.ConsistencyProof(a, size)
			if err != nil {
				panic(err)
			}
			all = append(all, probe{Kind: "consistency", A: a, Size: size, Old: tree.HashAt(a), Root: tree.Hash(), Proof: hashes})
		}
	}
	return all
}

// bend gives a claim, and everything that can be done to it.
func bend(p probe) []probe {
	bent := []probe{named(p, "as it is", func(*probe) {})}
	add := func(how string, change func(*probe)) { bent = append(bent, named(p, how, change)) }
	add("the next", func(p *probe) { p.A++ })
	add("the one before", func(p *probe) { p.A-- })
	add("another by two", func(p *probe) { p.A ^= 2 })
	add("a size more", func(p *probe) { p.Size++ })
	add("a size less", func(p *probe) { p.Size-- })
	add("twice the size", func(p *probe) { p.Size *= 2 })
	add("half the size", func(p *probe) { p.Size /= 2 })
	add("the largest size", func(p *probe) { p.Size = 1<<63 - 1 })
	add("another leaf or root", func(p *probe) { p.Old = rfc6962.DefaultHasher.HashLeaf([]byte("other")) })
	add("another new root", func(p *probe) { p.Root = rfc6962.DefaultHasher.HashLeaf([]byte("other")) })
	add("roots swapped", func(p *probe) { p.Old, p.Root = p.Root, p.Old })
	add("no proof", func(p *probe) { p.Proof = nil })
	for _, more := range [][]byte{make([]byte, 32), p.Old, p.Root} {
		hash := more
		add("a hash after", func(p *probe) { p.Proof = append(p.Proof, hash) })
		add("a hash before", func(p *probe) { p.Proof = append([][]byte{hash}, p.Proof...) })
	}
	if len(p.Proof) > 0 {
		add("the first hash twice", func(p *probe) { p.Proof = append([][]byte{p.Proof[0]}, p.Proof...) })
		add("without the first hash", func(p *probe) { p.Proof = p.Proof[1:] })
		add("without the last hash", func(p *probe) { p.Proof = p.Proof[:len(p.Proof)-1] })
	}
	for i := range p.Proof {
		at := i
		add("a bit of the proof", func(p *probe) { p.Proof[at][4] ^= 16 })
	}
	return bent
}

// named changes a copy.
func named(p probe, how string, change func(*probe)) probe {
	p.How = how
	copied := make([][]byte, len(p.Proof))
	for i, hash := range p.Proof {
		copied[i] = append([]byte(nil), hash...)
	}
	p.Proof = copied
	change(&p)
	return p
}
