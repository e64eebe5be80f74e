// SPDX-License-Identifier: GPL-2.0-only

// Command bench measures what a delivered message costs: the module, other servers, and the least a program outside of
// the kernel can do, one after another in one machine. README.md tells how, docs/benchmarks.md what came out.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"kchat/bench/job"
)

// How the machine runs.
const (
	howCount = "count" // emulated; its clock counts instructions
	howKVM   = "kvm"   // at its own speed, on hardware
	howWall  = "wall"  // emulated, at the host's speed: to try what howKVM does
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are what the command line says.
type options struct {
	how      string
	root     string // of the repository
	out      string // the file of results
	keep     string // a file of results, of which those stay that are not measured now
	from     string // a file of results to write the document from, instead of measuring
	document bool
	guard    bool
	accept   bool // write what the guard has measured into its file
	quick    bool
	servers  []string
	members  []int
	sizes    []int
	modes    []string
	repeat   int
	profile  int // instructions from one sample to the next; 0: no profile
}

func parse(args []string) (o options, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&o.how, "how", howCount, "count: instructions; kvm: time, on hardware; wall: time, emulated")
	flags.StringVar(&o.root, "root", ".", "the repository")
	flags.StringVar(&o.out, "out", "", "file of the results (.cache/bench.json of the repository; with -guard .cache/bench-guard.json)")
	flags.StringVar(&o.keep, "keep", "", "a file of results: what is measured now takes the place of the same cases in it, the rest stays")
	flags.StringVar(&o.from, "from", "", "write the document from this file of results, and measure nothing")
	flags.BoolVar(&o.document, "document", false, "write tables and plots into docs/")
	flags.BoolVar(&o.guard, "guard", false, "measure a little, and fail if the module has become slower than bench/guard.json says")
	flags.BoolVar(&o.accept, "accept", false, "with -guard: write what was measured into bench/guard.json")
	flags.BoolVar(&o.quick, "quick", false, "few servers, N=2 and 100")
	servers := flags.String("servers", "", "only these, separated by commas: "+strings.Join(everyServer(), ","))
	members := flags.String("members", "", "only rooms of so many, separated by commas")
	sizes := flags.String("sizes", "", "only messages of so many bytes, separated by commas")
	modes := flags.String("modes", "", "only these, separated by commas: "+strings.Join(everyMode(), ","))
	flags.IntVar(&o.repeat, "repeat", 3, "runs of each case")
	flags.IntVar(&o.profile, "profile", 0, "after them more, of which a sample is taken each time so many `instructions` have run (50000): in which functions")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unknown argument %q", flags.Arg(0))
	}
	if o.out == "" {
		name := "bench.json"
		if o.guard {
			name = "bench-guard.json"
		}
		o.out = filepath.Join(o.root, ".cache", name)
	}
	if !slices.Contains([]string{howCount, howKVM, howWall}, o.how) {
		return o, fmt.Errorf("-how is count, kvm or wall, not %q", o.how)
	}
	if o.servers, err = words(*servers, everyServer()); err != nil {
		return o, fmt.Errorf("-servers: %w", err)
	}
	if o.modes, err = words(*modes, everyMode()); err != nil {
		return o, fmt.Errorf("-modes: %w", err)
	}
	if o.members, err = counts(*members); err != nil {
		return o, fmt.Errorf("-members: %w", err)
	}
	if o.sizes, err = counts(*sizes); err != nil {
		return o, fmt.Errorf("-sizes: %w", err)
	}
	return o, nil
}

// words reads a list in which each must be known; empty: no choice was made.
func words(text string, known []string) (list []string, err error) {
	for word := range strings.SplitSeq(text, ",") {
		switch {
		case word == "":
		case !slices.Contains(known, word):
			return nil, fmt.Errorf("%q is none of %s", word, strings.Join(known, ", "))
		default:
			list = append(list, word)
		}
	}
	return list, nil
}

func counts(text string) (list []int, err error) {
	for word := range strings.SplitSeq(text, ",") {
		if word == "" {
			continue
		}
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q is no number from 1", word)
		}
		list = append(list, n)
	}
	return list, nil
}

func run(args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if o.guard {
		return guard(ctx, o)
	}
	r := &results{How: o.how}
	switch {
	case o.from != "":
		r, err = readResults(o.from)
	case o.keep != "":
		if r, err = readResults(o.keep); err == nil && r.How != o.how {
			err = fmt.Errorf("%s was measured otherwise: %s", o.keep, r.How)
		}
	}
	if err == nil && o.from == "" {
		err = measure(ctx, o, o.jobs(), r)
	}
	if err != nil && !errors.Is(err, errCase) {
		return err
	}
	fmt.Println(r.report())
	if o.document {
		err = errors.Join(err, r.document(o.root))
	}
	return err
}

// measure boots the machine and goes through the plan. What was measured is kept if a later case fails.
func measure(ctx context.Context, o options, jobs []job.Job, r *results) (err error) {
	files, err := programFiles(o.root, serversOf(jobs))
	if err != nil {
		return err
	}
	var failed error
	began := time.Now()
	m, err := boot(ctx, o.how, o.root, files)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	r.Kernel = m.vm.Release
	r.Boots++
	for i, j := range jobs {
		if j.Rate > 0 {
			j.Rate = r.pace(j.Members, j.Size)
		}
		j.Profile = o.profile
		result, err := m.do(ctx, j)
		if err == nil {
			err = showProfile(o.root, &result)
		}
		if err != nil {
			return err
		}
		r.put(result)
		fmt.Fprintf(os.Stderr, "%4.0f s  %d of %d: %s\n", time.Since(began).Seconds(), i+1, len(jobs), line(result))
		if err := r.write(o.out); err != nil {
			return err
		}
	}
	return failed
}

// restLine is a result without runs: what connections cost that nobody uses.
func restLine(r job.Result) string {
	own, sockets := held(r)
	server, all := resting(r)
	return fmt.Sprintf("  setting up %.0f each, of all %.0f; holds %.0f and %.0f bytes; a second of it %.0f, of all %.0f", setUp(r),
		float64(r.SetUp.Busy)/float64(r.Job.People()), own, sockets, server, all)
}

// line is one result for whoever watches.
func line(r job.Result) string {
	text := fmt.Sprintf("%-9s N=%-4d rooms=%-4d %5d B %-5s", r.Job.Server, r.Job.Members, r.Job.Rooms, r.Job.Size, modeOf(r.Job))
	if len(r.Runs) == 0 {
		return text + restLine(r)
	}
	c := perDelivery(r)
	return text + fmt.Sprintf("  server %8.0f  load %8.0f  all %8.0f", c.server, c.load, c.busy)
}
