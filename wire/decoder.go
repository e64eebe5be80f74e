// SPDX-License-Identifier: GPL-2.0-only

package wire

// Decoder reads the frames of rooms' logs without allocating: it keeps the texts that come again and again, such as
// names, and the memory of the last lists. A list or descriptor that it gives is valid until the next call of the same
// method; texts, but for that of Talk, are valid for good. The zero value is ready, and a nil Decoder is the same as the Parse
// functions. It is not safe for concurrent use.
type Decoder struct {
	texts      map[string]string
	mentions   []uint64
	descriptor Descriptor
	steps      []Step
}

// textsKept is how many texts are kept; they have at most 256 bytes each.
const textsKept = 4096

// text is a string of these bytes.
func (dec *Decoder) text(b []byte) string {
	if dec == nil || len(b) == 0 {
		return string(b)
	}
	if s, kept := dec.texts[string(b)]; kept {
		return s
	}
	if dec.texts == nil || len(dec.texts) == textsKept {
		dec.texts = make(map[string]string)
	}
	s := string(b)
	dec.texts[s] = s
	return s
}

// mention appends to a list of mentions, which is empty for the first one.
func (dec *Decoder) mention(list []uint64, account uint64) []uint64 {
	if dec == nil {
		return append(list, account)
	}
	if len(list) == 0 {
		list = dec.mentions[:0]
	}
	dec.mentions = append(list, account)
	return dec.mentions
}

// stepList is an empty list of steps with room for n.
func (dec *Decoder) stepList(n int) []Step {
	if dec == nil {
		return make([]Step, 0, n)
	}
	if cap(dec.steps) < n {
		dec.steps = make([]Step, 0, StepsMax)
	}
	return dec.steps[:0]
}

// emptyDescriptor is one to be filled in.
func (dec *Decoder) emptyDescriptor() *Descriptor {
	if dec == nil {
		return &Descriptor{}
	}
	dec.descriptor = Descriptor{}
	return &dec.descriptor
}
