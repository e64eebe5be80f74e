// SPDX-License-Identifier: GPL-2.0-only

package e2e

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"kchat/e2e/reliability/trial"
	"kchat/rooms/e2e/promise"
	"kchat/server/guest"
	"kchat/server/vmtest"
)

const guestfault = "/bin/guestfault"

// faulty is a machine with people's accounts, and guestfault in it.
func faulty(t *testing.T, people int, options ...vmtest.Option) *vmtest.Server {
	t.Helper()
	path := filepath.Join(t.TempDir(), "guestfault")
	cmd := exec.Command("go", "build", "-o", path, "./guestfault")
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s := vmtest.Start(t, append(options, vmtest.WithFile(guestfault, path), vmtest.WithDriver("veth"), vmtest.WithDriver("sch_netem"))...)
	for i := range people {
		name := "fault" + strconv.Itoa(i)
		s.AddUser(t, name, name)
	}
	return s
}

// goesWrong runs guestfault for a span; KCHAT_FAULT_SECONDS says another, and KCHAT_SEED what happens in it.
func goesWrong(t *testing.T, s *vmtest.Server, what string, span time.Duration, args ...string) (string, error) {
	t.Helper()
	span = time.Duration(trial.Count(t, "KCHAT_FAULT_SECONDS", int(span/time.Second))) * time.Second
	seed := trial.Seed(t)
	ctx, cancel := s.Timeout(6*time.Minute + 2*span)
	defer cancel()
	began := time.Now()
	patience := slow(5 * time.Minute)
	result := &trial.Result{Trial: what, Seed: seed}
	if planted := slices.Index(args, "-plant"); planted >= 0 {
		result.Trial = "planted " + args[planted+1]
	}
	trial.Keep(t, began, result)
	out := &told{t: t}
	exit, err := s.Runner.Guest().Exec(ctx, guest.Exec{
		Path: guestfault,
		Args: append([]string{what, "-span", span.String(), "-patience", patience.String(), "-seed", strconv.FormatUint(seed, 10)}, args...),
	}, out, out)
	if err == nil && exit.Code != 0 {
		err = fmt.Errorf("guestfault %s: exit code %d", what, exit.Code)
	}
	t.Logf("%s took %v", what, time.Since(began).Round(time.Second))
	text := out.text.String()
	if _, numbers, found := strings.Cut(text, "\nresult "); found {
		if err := json.NewDecoder(strings.NewReader(numbers)).Decode(&result.Tally); err != nil {
			t.Errorf("the result of guestfault: %v", err)
		}
	}
	return text, err
}

// told is what a program says, shown as it comes.
type told struct {
	t    *testing.T
	text strings.Builder
}

func (o *told) Write(p []byte) (int, error) {
	o.t.Log(strings.TrimSuffix(string(p), "\n"))
	return o.text.Write(p)
}

// TestThePromiseHoldsWhateverTheNetworkDoes: people talk over a cable inside the machine, which fails in each way, one
// after the other. KCHAT_FAULT_SECONDS is how long each lasts, in place of a few seconds.
func TestThePromiseHoldsWhateverTheNetworkDoes(t *testing.T) {
	t.Parallel()
	s := faulty(t, 6)
	// Who is gone is noticed while it still goes wrong.
	factor := uint64(max(1, vmtest.Slowness()))
	for name, value := range map[string]uint64{"silence_ms": 2000 * factor, "lost_ms": 4000 * factor} {
		s.SetParam(t, name, value)
	}
	for _, what := range []string{"loss", "resets", "vanish", "links", "clock"} {
		t.Run(what, func(t *testing.T) {
			if _, err := goesWrong(t, s, what, slow(time.Second)); err != nil {
				t.Error(err)
			}
		})
	}
	// The check can fail: of what one of them has heard, one word is taken away, or put in once more.
	for _, kind := range []promise.Kind{promise.Missing, promise.Doubled} {
		t.Run("planted/"+string(kind), func(t *testing.T) {
			out, err := goesWrong(t, s, "resets", slow(time.Second), "-plant", string(kind))
			if err == nil || !strings.Contains(out, ": "+string(kind)+": ") || !strings.Contains(out, "; 1 breaches") {
				t.Error("the breach is not found")
			}
		})
	}
}

// TestThePromiseHoldsWhileTheModuleIsReloaded: KCHAT_RELOADS says how often, in place of 50 times.
func TestThePromiseHoldsWhileTheModuleIsReloaded(t *testing.T) {
	t.Parallel()
	s := faulty(t, 6)
	rounds := trial.Count(t, "KCHAT_RELOADS", 50)
	// Slowly: what is tried here is the server's end and its beginning.
	if _, err := goesWrong(t, s, "reload", time.Duration(rounds)*10*time.Second, "-rounds", strconv.Itoa(rounds), "-pace", "50ms"); err != nil {
		t.Error(err)
	}
}

// TestThePromiseHoldsWhileMemoryRunsOut: another program takes all there is, until the kernel ends it; before that, rooms
// have to forget what they have (the shrinker), and allocations fail.
func TestThePromiseHoldsWhileMemoryRunsOut(t *testing.T) {
	t.Parallel()
	s := faulty(t, 6)
	s.MemoryRunsOut()
	if _, err := goesWrong(t, s, "memory", time.Second); err != nil {
		t.Error(err)
	}
	if !strings.Contains(s.KernelLog(), "Out of memory: Killed process") {
		t.Error("memory did not run out")
	}
}
