// SPDX-License-Identifier: GPL-2.0-only

package trial

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kchat/rooms/e2e/promise"
)

func TestResultsAreKeptAsTheyWere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trials.jsonl")
	if none, err := Load(path); err != nil || none != nil {
		t.Error(none, err)
	}
	want := []Result{
		{Trial: "reload", Date: time.Unix(1_800_000_000, 0).UTC(), Seed: math.MaxUint64, Commit: "abc", Kernel: "debug", Tally: promise.Tally{Times: 50, Words: 9, Missing: 1}},
		{Trial: "soak", Date: time.Unix(1_800_000_001, 0).UTC(), Commit: "abc", Kernel: "6.12", Note: "flat | and \"quoted\"", Failed: true},
	}
	for _, r := range want {
		if err := Append(path, r); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Load(path)
	if err != nil || len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAFileThatHoldsSomethingElseIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trials.jsonl")
	if err := Append(path, Result{Trial: "a"}); err != nil {
		t.Fatal(err)
	}
	if err := Append(path+"/below", Result{}); err == nil || !strings.Contains(err.Error(), path) {
		t.Error(err)
	}
	if _, err := Load(filepath.Dir(path)); err == nil {
		t.Error("a folder was read")
	}
}

func TestALeakIsSeenThroughWhatGoesUpAndDown(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	flat, leak := make([]float64, 60), make([]float64, 60)
	for i := range flat {
		noise := dice.Float64()*100 - 50
		flat[i], leak[i] = 1000+noise, 1000+noise+5*float64(i)
	}
	leak[59] = 900 // one that is off
	if g := Growth(flat); math.Abs(g) > 40 {
		t.Errorf("what is flat grows by %.0f", g)
	}
	if g := Growth(leak); g < 230 || g > 340 {
		t.Errorf("what grows by 295 grows by %.0f", g)
	}
	for _, few := range [][]float64{nil, {7}, {7, 7}} {
		if g := Growth(few); g != 0 {
			t.Errorf("%v grows by %v", few, g)
		}
	}
}
