// Another implementation's word on our logs, and ours on its: Go's sumdb tlog and note, and transparency-dev/merkle.
//
//	interop read URL < acks   verifies a running log, and what its server has answered, one JSON a line
//	interop write FOLDER      writes a log as these libraries do: tiles, checkpoints and proofs
//	interop probes            prints proofs, good and bent in many ways, with what these libraries say of each
package main

import (
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "interop:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "read":
		return read(args[1])
	case len(args) == 2 && args[0] == "write":
		return write(args[1])
	case len(args) == 1 && args[0] == "probes":
		return probes()
	}
	return fmt.Errorf("say read URL, write FOLDER or probes")
}
