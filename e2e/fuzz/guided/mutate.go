// SPDX-License-Identifier: GPL-2.0-only

package guided

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
)

// interesting are numbers at the edges of what fields can hold.
var interesting = [...]uint64{
	0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 60, 63, 64, 127, 128, 255, 256, 1000, 1024, 4095, 4096, 1<<15 - 1, 1 << 15, 1<<16 - 1, 1 << 16,
	1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, 1<<63 - 1, 1 << 63, 1<<64 - 1,
}

// change makes another input of one, with parts of a second one; lines is how many lines there are.
func change(random *rand.Rand, in, other Input, lines int) Input {
	in = in.clone()
	for range 1 + random.IntN(4) {
		if len(in) == 0 || random.IntN(4) == 0 {
			in = reorder(random, in, other, lines)
			continue
		}
		at := random.IntN(len(in))
		in[at].Data = damage(random, in[at].Data)
	}
	return in[:min(len(in), packetsMax)]
}

// reorder changes which packets there are, in which order and over which lines.
func reorder(random *rand.Rand, in, other Input, lines int) Input {
	if len(in) == 0 {
		return other.clone()
	}
	at := random.IntN(len(in))
	switch random.IntN(7) {
	case 0:
		return slices.Delete(in, at, at+1)
	case 1: // once more
		return slices.Insert(in, random.IntN(len(in)+1), Packet{in[at].Line, slices.Clone(in[at].Data)})
	case 2:
		with := random.IntN(len(in))
		in[at], in[with] = in[with], in[at]
	case 3:
		in[at].Line = byte(random.IntN(lines))
	case 4: // in two pieces
		cut := random.IntN(len(in[at].Data) + 1)
		rest := slices.Clone(in[at].Data[cut:])
		in[at].Data = in[at].Data[:cut]
		return slices.Insert(in, at+1, Packet{in[at].Line, rest})
	case 5: // one packet of the other
		if len(other) > 0 {
			p := other[random.IntN(len(other))]
			return slices.Insert(in, at, Packet{p.Line, slices.Clone(p.Data)})
		}
	case 6: // the end of the other after the beginning of this
		return append(in[:at+1], other.clone()[random.IntN(len(other)+1):]...)
	}
	return in
}

// damage changes bytes.
func damage(random *rand.Rand, data []byte) []byte {
	if len(data) == 0 {
		return []byte{byte(random.Uint32())}
	}
	at := random.IntN(len(data))
	switch random.IntN(7) {
	case 0:
		data[at] ^= 1 << random.IntN(8)
	case 1:
		data[at] = byte(random.Uint32())
	case 2: // a number, of the machine's order
		var n [8]byte
		binary.LittleEndian.PutUint64(n[:], interesting[random.IntN(len(interesting))])
		width := []int{1, 2, 4, 8}[random.IntN(4)]
		copy(data[at&^(min(width, 4)-1):], n[:width])
	case 3: // a little more or less
		data[at] += byte(random.IntN(9) - 4)
	case 4:
		return slices.Delete(data, at, at+1+random.IntN(min(len(data)-at, 64)))
	case 5:
		from := random.IntN(len(data))
		piece := slices.Clone(data[from : from+1+random.IntN(min(len(data)-from, 64))])
		return clip(slices.Insert(data, at, piece...))
	case 6: // the end is gone, or goes on
		if random.IntN(2) == 0 {
			return data[:at]
		}
		return clip(append(data, make([]byte, random.IntN(600))...))
	}
	return data
}

func clip(data []byte) []byte { return data[:min(len(data), dataMax)] }
