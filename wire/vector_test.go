// SPDX-License-Identifier: GPL-2.0-only

package wire

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the vectors in testdata anew")

// TestVectorsAreWhatTheTablesSay holds the files and the tables of vectors_test.go together.
func TestVectorsAreWhatTheTablesSay(t *testing.T) {
	for name, vectors := range allVectors(t) {
		var b strings.Builder
		b.WriteString("# SPDX-License-Identifier: GPL-2.0-only\n")
		for _, v := range vectors {
			b.WriteString("\n" + v.String())
		}
		path := "testdata/" + name + ".hex"
		if *update {
			if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if readFile(t, path) != b.String() {
			t.Errorf("%s is not what the tables say; go test ./wire -update writes it", path)
		}
	}
}

var states = map[string]State{
	"NEW": StateNew, "GREETED": StateGreeted, "CHALLENGED": StateChallenged, "OPEN": StateOpen, "MEDIA": StateMedia,
}

// receive does with a frame what a receiver does: the result as vectors write it, and whether the connection ends.
func receive(from string, state State, frame []byte) (result string, ends bool, h Header, body Body) {
	if len(frame) < HeaderLen {
		return "incomplete", false, h, nil
	}
	h, n, err := ParseHeader(frame)
	if n == 0 && err != nil {
		return name(err), true, h, nil
	}
	if len(frame) < HeaderLen+n {
		return "incomplete", false, h, nil
	}
	if err == nil && from == "client" {
		if number := h.CheckRequest(state); number != 0 {
			err = number
		}
	}
	if err != nil {
		return name(err), false, h, nil
	}
	if !h.Type.Known() {
		return "skip", false, h, nil
	}
	body, err = Decode(h.Type, frame[HeaderLen:HeaderLen+n])
	if talk, ok := body.(Talk); ok && err == nil && from == "client" {
		err = talk.Check(h.Type)
	}
	if join, ok := body.(Join); ok && err == nil {
		err = CheckRoomName(join.Name)
	}
	if hello, ok := body.(Hello); ok && err == nil && hello.Version != Version {
		return ErrVersion.Name(), true, h, body
	}
	if err != nil {
		return name(err), false, h, nil
	}
	return "ok", false, h, body
}

func name(err error) string {
	var number ErrorNumber
	if !errors.As(err, &number) {
		return err.Error()
	}
	return number.Name()
}

func TestVectorsDecodeToTheirFieldsAndEncodeToTheirBytes(t *testing.T) {
	for _, file := range vectorFiles(t) {
		for _, v := range readVectors(t, file) {
			if v.field("from") == "" {
				continue
			}
			t.Run(v.meaning[0], func(t *testing.T) {
				result, ends, h, body := receive(v.field("from"), states[v.field("state")], v.frame)
				if result != v.field("result") || ends != (v.field("ends") == "1") {
					t.Fatalf("result %s, ends %v; the vector says %s, %s", result, ends, v.field("result"), v.field("ends"))
				}
				if result != "ok" {
					return
				}
				if again := AppendFrame(nil, h, body); !bytes.Equal(again, v.frame) {
					t.Errorf("encoded again it is\n%x, not\n%x", again, v.frame)
				}
				want := v.fields[slices.IndexFunc(v.fields, func(f [2]string) bool { return f[0] == "type" }):]
				if got := describe(h, body); !slices.Equal(got, want) {
					t.Errorf("decoded\n%v, the vector says\n%v", got, want)
				}
			})
		}
	}
}

// TestEveryTypeHasAVector keeps new types from going without.
func TestEveryTypeHasAVector(t *testing.T) {
	have := map[string]bool{}
	for _, file := range vectorFiles(t) {
		for _, v := range readVectors(t, file) {
			if v.field("result") == "ok" {
				have[v.field("type")] = true
			}
		}
	}
	for _, r := range rules {
		if !have[r.Name] {
			t.Errorf("%s has no vector", r.Name)
		}
	}
}
