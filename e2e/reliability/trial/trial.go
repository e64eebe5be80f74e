// SPDX-License-Identifier: GPL-2.0-only

// Package trial keeps what trials of the promise have shown, for the table of docs/reliability.md: one line of JSON each,
// in the file that KCHAT_TRIALS names. Without it nothing is kept.
package trial

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"kchat/rooms/e2e/promise"
)

// The environment that tests and the command have in common.
const (
	FileVariable   = "KCHAT_TRIALS" // the file of the results
	SeedVariable   = "KCHAT_SEED"   // of what is left to chance; without it a new one
	CommitVariable = "KCHAT_COMMIT" // what is tried
	kernelVariable = "KCHAT_TEST_KERNEL"
)

// Result is what one trial has shown.
type Result struct {
	Trial  string    `json:"trial"`
	Date   time.Time `json:"date"`
	Seed   uint64    `json:"seed,omitempty"`
	Commit string    `json:"commit,omitempty"`
	Kernel string    `json:"kernel"`
	promise.Tally
	Seconds float64 `json:"seconds"`
	Note    string  `json:"note,omitempty"` // what was measured
	Failed  bool    `json:"failed,omitempty"`
}

// Seed is the seed of a test, which says it if it fails.
func Seed(t testing.TB) uint64 {
	t.Helper()
	seed := rand.Uint64()
	if text := os.Getenv(SeedVariable); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("%s is %q: it is a number from 0 to 2^64-1", SeedVariable, text)
		}
	}
	t.Logf("the same again: %s=%d", SeedVariable, seed)
	return seed
}

// Count is a number that the environment says, such as how often something is done, or what it is by itself.
func Count(t testing.TB, variable string, otherwise int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s is %q: it is a number from 1 on", variable, text)
	}
	return n
}

// Keep writes the result of a test that began then, when the test has ended.
func Keep(t testing.TB, began time.Time, r *Result) {
	path := os.Getenv(FileVariable)
	if path == "" {
		return
	}
	t.Cleanup(func() {
		r.Failed = r.Failed || t.Failed()
		r.Seconds = time.Since(began).Seconds()
		if err := Append(path, *r); err != nil {
			t.Error(err)
		}
	})
}

// Append writes a result behind those that a file holds. What it does not say of date, commit and kernel is filled in.
func Append(path string, r Result) error {
	if r.Date.IsZero() {
		r.Date = time.Now().UTC().Truncate(time.Second)
	}
	r.Commit = cmp.Or(r.Commit, os.Getenv(CommitVariable))
	r.Kernel = cmp.Or(r.Kernel, os.Getenv(kernelVariable), "6.12")
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write the result of %s: %w", r.Trial, err)
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("keep the result of %s: %w", r.Trial, err)
	}
	_, err = file.Write(append(line, '\n'))
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("keep the result of %s: %w", r.Trial, err)
	}
	return nil
}

// Load reads a file of results. One that is not there holds none.
func Load(path string) ([]Result, error) {
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the results of trials: %w", err)
	}
	var list []Result
	for line := range bytes.Lines(data) {
		var r Result
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, fmt.Errorf("read the results of trials: %s, line %d: %w", path, len(list)+1, err)
		}
		list = append(list, r)
	}
	return list, nil
}
