// SPDX-License-Identifier: GPL-2.0-only

package wire

import (
	"bytes"
	"errors"
	"testing"
)

// FuzzDecode looks for bodies that decode to something which does not decode to itself again.
func FuzzDecode(f *testing.F) {
	for _, file := range vectorFiles(f) {
		for _, v := range readVectors(f, file) {
			if len(v.frame) >= HeaderLen {
				f.Add(uint16(v.frame[4])|uint16(v.frame[5])<<8, v.frame[HeaderLen:])
			}
		}
	}
	f.Fuzz(func(t *testing.T, number uint16, b []byte) {
		kind := Type(number)
		body, err := Decode(kind, b)
		if err != nil {
			var number ErrorNumber
			if body != nil || !errors.As(err, &number) {
				t.Fatalf("%v: body %v beside error %v", kind, body, err)
			}
			return
		}
		once := body.Append(nil)
		again, err := Decode(kind, once)
		if err != nil {
			t.Fatalf("%v: what was decoded and encoded does not decode: %v", kind, err)
		}
		if twice := again.Append(nil); !bytes.Equal(once, twice) {
			t.Fatalf("%v: encoded once\n%x, twice\n%x", kind, once, twice)
		}
	})
}

// FuzzReader looks for streams that make the reader panic, or hold more than a frame may have.
func FuzzReader(f *testing.F) {
	stream, _ := sample()
	f.Add(stream[:500])
	for _, v := range badVectors() {
		f.Add(v.frame)
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		r := NewReader(bytes.NewReader(stream))
		total := 0
		for {
			frame, err := r.Next()
			if err != nil {
				break
			}
			total += HeaderLen + len(frame.Body)
		}
		if total > len(stream) {
			t.Fatalf("%d bytes of frames from %d bytes", total, len(stream))
		}
		if len(r.buf) > HeaderLen+UnknownMax {
			t.Fatalf("the buffer has %d bytes", len(r.buf))
		}
	})
}
