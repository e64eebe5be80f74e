// SPDX-License-Identifier: GPL-2.0-only

// Package guided is fuzzing that is led by coverage: an input that reaches what none before it has reached is kept, and
// what is tried next is made of those that were kept.
package guided

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// Packet is one thing that is sent, and over which of the lines that the target has. What a line is, is the target's:
// a connection, a socket, a system call.
type Packet struct {
	Line byte
	Data []byte
}

// Input is what is sent, in order.
type Input []Packet

// Bounds of an input, so that what is kept stays small.
const (
	packetsMax = 24
	dataMax    = 20_000
)

// String writes an input as it stands in a file of inputs: a line of "LINE HEX" for each packet.
func (in Input) String() string {
	var b strings.Builder
	for _, p := range in {
		fmt.Fprintf(&b, "%d %x\n", p.Line, p.Data)
	}
	return b.String()
}

// size is how much of it there is.
func (in Input) size() (n int) {
	for _, p := range in {
		n += 1 + len(p.Data)
	}
	return n
}

// clone is a copy whose packets are its own.
func (in Input) clone() Input {
	out := make(Input, len(in))
	for i, p := range in {
		out[i] = Packet{p.Line, bytes.Clone(p.Data)}
	}
	return out
}

// Format writes inputs with an empty line after each.
func Format(inputs []Input) string {
	var b strings.Builder
	for _, in := range inputs {
		fmt.Fprintln(&b, in)
	}
	return b.String()
}

// Parse reads inputs as Format writes them; lines that begin with "#" are remarks.
func Parse(text string) (inputs []Input, err error) {
	var now Input
	end := func() {
		if len(now) > 0 {
			inputs = append(inputs, now)
		}
		now = nil
	}
	lines := bufio.NewScanner(strings.NewReader(text))
	lines.Buffer(nil, 3*dataMax)
	for number := 1; lines.Scan(); number++ {
		row := lines.Text()
		if strings.HasPrefix(row, "#") {
			continue
		}
		if row == "" {
			end()
			continue
		}
		line, code, _ := strings.Cut(row, " ")
		n, err := strconv.ParseUint(line, 10, 8)
		if err != nil {
			return nil, fmt.Errorf("line %d: %q is not the number of a line, a space, and bytes in hexadecimal: %w", number, row, err)
		}
		data, err := hex.DecodeString(code)
		if err != nil {
			return nil, fmt.Errorf("line %d: %q is not the number of a line, a space, and bytes in hexadecimal: %w", number, row, err)
		}
		now = append(now, Packet{byte(n), data})
	}
	end()
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the inputs: %w", err)
	}
	return inputs, nil
}
