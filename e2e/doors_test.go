// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kchat/e2e/fuzz/guided"
	"kchat/server/vmtest"
)

// corpus is where the inputs lie that together reach all that was ever reached through a door of the module.
const corpus = "testdata/fuzz"

// TestFuzzDoors: whatever comes through a door of the module, made of what has got far before: it goes on serving, and the
// kernel has nothing to say. On the debug kernel the search is led by the coverage of the module. KCHAT_FUZZ_SECONDS is how
// long for each door; with KCHAT_FUZZ_UPDATE=1 what has reached most becomes the corpus (docs/fuzzing.md).
func TestFuzzDoors(t *testing.T) {
	t.Parallel()
	doors := []string{"tcp", "udp", "ether", "device", "netlink"}
	s := startDoors(t, doors)
	seed, limit, _ := fuzzing(t, time.Second)
	update := os.Getenv("KCHAT_FUZZ_UPDATE") != ""
	for _, door := range doors {
		t.Run(door, func(t *testing.T) {
			ctx, cancel := s.Timeout(2*limit + 5*time.Minute)
			defer cancel()
			out, err := s.Exec(ctx, "/bin/guestfuzz", "-given=/fuzz/"+door, fmt.Sprint("-seed=", seed), fmt.Sprint("-for=", limit),
				fmt.Sprint("-log=", vmtest.Slowness() > 0), fmt.Sprint("-distil=", update), door)
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			summary, inputs, _ := strings.Cut(out, "\n")
			t.Log(summary)
			if !update {
				return
			}
			if _, err := guided.Parse(inputs); err != nil {
				t.Fatal(err)
			}
			if err := os.MkdirAll(corpus, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(corpus, door), []byte(inputs), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// startDoors boots a machine with guestfuzz and what it begins with at each of these doors.
func startDoors(t *testing.T, doors []string) *vmtest.Server {
	t.Helper()
	options := []vmtest.Option{vmtest.WithFile("/bin/guestfuzz", build(t, "./guestfuzz")), vmtest.WithDriver("veth")}
	for _, door := range doors {
		given := filepath.Join(t.TempDir(), door)
		if err := os.WriteFile(given, givenFor(t, door), 0o644); err != nil {
			t.Fatal(err)
		}
		options = append(options, vmtest.WithFile("/fuzz/"+door, given))
	}
	return vmtest.Start(t, options...)
}

// givenFor is the corpus of a door; that of TCP has the frames of the wire's vectors as well.
func givenFor(t *testing.T, door string) []byte {
	t.Helper()
	given, err := os.ReadFile(filepath.Join(corpus, door))
	if err != nil {
		t.Fatal(err)
	}
	if door != "tcp" {
		return given
	}
	files, err := filepath.Glob("../wire/testdata/*.hex")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files of vectors, %v", len(files), err)
	}
	var frames []guided.Input
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, framesOf(t, text)...)
	}
	return append(append(given, '\n'), guided.Format(frames)...)
}

// framesOf are the frames of clients in a file of vectors (wire/testdata/README.md), each on the connection of guestfuzz
// that is in its state: 0 is in a room, 2 has greeted, 3 is new.
func framesOf(t *testing.T, text []byte) (frames []guided.Input) {
	t.Helper()
	lines := map[string]byte{"NEW": 3, "GREETED": 2, "CHALLENGED": 2, "OPEN": 0, "MEDIA": 0}
	for block := range bytes.SplitSeq(text, []byte("\n\n")) {
		fields := map[string]string{}
		for in := bufio.NewScanner(bytes.NewReader(block)); in.Scan(); {
			if name, value, ok := strings.Cut(in.Text(), " = "); ok && name == "hex" {
				fields[name] += value
			} else if ok {
				fields[name] = value
			}
		}
		line, ok := lines[fields["state"]]
		if !ok || fields["from"] != "client" {
			continue
		}
		data, err := hex.DecodeString(fields["hex"])
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, guided.Input{{Line: line, Data: data}})
	}
	return frames
}
