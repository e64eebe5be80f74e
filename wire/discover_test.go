// SPDX-License-Identifier: GPL-2.0-only

package wire

import (
	"bytes"
	"reflect"
	"testing"
)

// discoverVectors are a question and its answer over UDP, and one over Ethernet.
func discoverVectors() []vector {
	question := Question{Mark: [8]byte{1, 2, 3, 4, 5, 6, 7, 8}}
	answer := Answer{
		Mark: question.Mark, Server: uuidA, Community: uuidB, Port: Port, Flags: DiscoverInvite, Load: 12, People: 3,
		Rooms: 2, Connections: 5, Name: "우리집", Version: "0.1.0",
	}
	ether := answer
	ether.MAC = [6]byte{0x02, 0, 0, 0, 0, 1}
	ether.LinkLocal = [16]byte{0xfe, 0x80, 15: 1}
	one := question
	one.Server = uuidA
	return []vector{
		discoverVector("A question to every server.", "question", question, question.Append(nil)),
		discoverVector("A question to one server.", "question", one, one.Append(nil)),
		discoverVector("An answer over UDP.", "answer", answer, answer.Append(nil)),
		discoverVector("An answer over Ethernet.", "answer", ether, ether.Append(nil)),
	}
}

func discoverVector(meaning, kind string, value any, data []byte) vector {
	v := vector{meaning: []string{meaning}, frame: data}
	v.set("kind", kind)
	v.walk(kind, reflect.ValueOf(value))
	return v
}

func TestAnswersComeBackAsTheyWere(t *testing.T) {
	for _, v := range readVectors(t, "testdata/discover.hex") {
		if v.field("kind") != "answer" {
			continue
		}
		a, err := ParseAnswer(v.frame)
		if err != nil {
			t.Fatalf("%s: %v", v.meaning, err)
		}
		if !bytes.Equal(a.Append(nil), v.frame) || a.Name != "우리집" || a.Port != Port {
			t.Errorf("%s: %+v", v.meaning, a)
		}
		if b, err := ParseAnswer(append(v.frame, 0, 0, 0)); err != nil || b != a {
			t.Errorf("padded: %+v, %v", b, err)
		}
		for n := range v.frame {
			if _, err := ParseAnswer(v.frame[:n]); err == nil {
				t.Errorf("cut at %d of %d it is still an answer", n, len(v.frame))
			}
		}
	}
}

func TestWhatIsNoAnswerIsRefused(t *testing.T) {
	good := Answer{Port: 1, Name: "a"}.Append(nil)
	for what, change := range map[string]func([]byte) []byte{
		"nothing":           func([]byte) []byte { return nil },
		"a question":        func([]byte) []byte { return Question{}.Append(nil) },
		"another magic":     func(b []byte) []byte { b[0] = 'x'; return b },
		"another version":   func(b []byte) []byte { b[4] = 2; return b },
		"a reserved field":  func(b []byte) []byte { b[6] = 1; return b },
		"port 0":            func(b []byte) []byte { b[48], b[49] = 0, 0; return b },
		"a name over 64":    func(b []byte) []byte { b[54] = 65; return append(b, make([]byte, 200)...) },
		"a version over 32": func(b []byte) []byte { b[55] = 33; return append(b, make([]byte, 200)...) },
		"a name not UTF-8":  func(b []byte) []byte { b[92] = 0xff; return b },
	} {
		if _, err := ParseAnswer(change(bytes.Clone(good))); err == nil {
			t.Errorf("%s is taken for an answer", what)
		}
	}
}

func TestAnAnswerIsNeverLongerThanItsQuestion(t *testing.T) {
	long := Answer{Name: string(make([]byte, ServerNameMax)), Version: string(make([]byte, discoverVersionMax))}
	if n := len(long.Append(nil)); n > DiscoverLen {
		t.Errorf("an answer can have %d bytes, a question has %d", n, DiscoverLen)
	}
	if n := len(Question{}.Append(nil)); n != DiscoverLen {
		t.Errorf("a question has %d bytes", n)
	}
}

func TestDiscoveryAgreesWithTheHeader(t *testing.T) {
	header := uapi(t, "KCHAT_DISCOVER_")
	for name, want := range map[string]uint64{
		"PORT": DiscoverPort, "ETHERTYPE": DiscoverEtherType, "VERSION": discoverVersion, "LEN": DiscoverLen,
		"QUESTION": discoverQuestion, "ANSWER": discoverAnswer, "OPEN": uint64(DiscoverOpen), "INVITE": uint64(DiscoverInvite),
		"GROUP4": 239<<24 | 255<<16 | 23<<8 | 25,
	} {
		if header[name] != want {
			t.Errorf("%s: the header says %d, Go says %d", name, header[name], want)
		}
	}
}

func FuzzParseAnswer(f *testing.F) {
	for _, v := range readVectors(f, "testdata/discover.hex") {
		f.Add(v.frame)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := ParseAnswer(data)
		if err != nil {
			return
		}
		if again := a.Append(nil); !bytes.HasPrefix(data, again) {
			t.Errorf("%x comes back as %x", data, again)
		}
	})
}
