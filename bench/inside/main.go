// SPDX-License-Identifier: GPL-2.0-only

// Command inside runs in the benchmark's machine: it starts one server, lets the load generator talk to it, and prints
// what that cost as a line of JSON.
//
//	inside JOB    where JOB is a job.Job as JSON
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"kchat/bench/job"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "inside:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return errors.New("say which job")
	}
	var j job.Job
	if err := json.Unmarshal([]byte(args[0]), &j); err != nil {
		return fmt.Errorf("read the job: %w", err)
	}
	result, err := measure(j)
	if err != nil {
		return fmt.Errorf("%s: %w", j.Server, err)
	}
	return json.NewEncoder(os.Stdout).Encode(result)
}

// settle is how long a machine is left alone before its memory is looked at: freed objects wait for a grace period, and
// a server has its housekeeping. Where instructions are counted it costs none.
const settle = 2 * time.Second

func measure(j job.Job) (result job.Result, err error) {
	server, err := start(j)
	if err != nil {
		return result, err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("%w\n%s", err, server.said())
		}
		err = errors.Join(err, server.stop())
	}()
	result.Job, result.Version = j, server.version
	tcpMem, err := os.ReadFile("/proc/sys/net/ipv4/tcp_mem")
	if err != nil {
		return result, err
	}
	result.TCPMem = string(tcpMem)
	time.Sleep(settle)
	if result.Before, err = server.memory(); err != nil {
		return result, err
	}
	before, err := server.cost(nil)
	if err != nil {
		return result, err
	}
	load, err := connect(j, server, &result)
	if load != nil {
		defer func() { err = errors.Join(err, load.stop()) }()
	}
	if err != nil {
		return result, err
	}
	after, err := server.cost(load)
	if err != nil {
		return result, err
	}
	result.SetUp = after.Minus(before)
	time.Sleep(settle)
	if result.Idle, err = server.memory(); err != nil {
		return result, err
	}
	if j.Repeat == 0 {
		result.Rest, err = rest(server, load)
		return result, err
	}
	for i := range j.Repeat + 1 {
		run, err := measureRun(server, load)
		if err != nil {
			return result, err
		}
		if i > 0 { // the first one fills caches and windows
			result.Runs = append(result.Runs, run)
		}
	}
	if j.Profile > 0 {
		result.Profile, err = profile(server, load, j.Profile)
	}
	return result, err
}

// connect brings all in. Of a job without runs that is what a profile is of.
func connect(j job.Job, server *server, result *job.Result) (l *load, err error) {
	var p *profiler
	if j.Profile > 0 && j.Repeat == 0 {
		if p, err = startProfile(j.Profile); err != nil {
			return nil, err
		}
	}
	if l, err = startLoad(j); err == nil {
		err = l.ready()
	}
	if p != nil {
		var errEnd error
		client := 0
		if l != nil {
			client = l.cmd.Process.Pid
		}
		result.Profile, errEnd = p.end(j.Profile, server.pids, client)
		err = errors.Join(err, errEnd)
	}
	return l, err
}

// resting is how long all are left alone: some times as long as the clients are silent before they say that they are there.
const resting = 60 * time.Second

// rest is what it costs to have connections that nobody uses.
func rest(server *server, load *load) (c job.Cost, err error) {
	before, err := server.cost(load)
	if err != nil {
		return c, err
	}
	time.Sleep(resting)
	after, err := server.cost(load)
	return after.Minus(before), err
}

// profiledRuns are as many as it takes at most; a profile of fewer samples is given all the same.
const profiledRuns = 50

// profile is of more runs, which do not count: taking samples costs something.
func profile(server *server, load *load, period int) (*job.Profile, error) {
	p, err := startProfile(period)
	if err != nil {
		return nil, err
	}
	for i := 0; i < profiledRuns && p.head() < enoughBytes && err == nil; i++ {
		_, err = load.run()
	}
	r, errEnd := p.end(period, server.pids, load.cmd.Process.Pid)
	return r, errors.Join(err, errEnd)
}

func measureRun(server *server, load *load) (r job.Run, err error) {
	_, pressures, err := tcp()
	if err != nil {
		return r, err
	}
	before, err := server.cost(load)
	if err != nil {
		return r, err
	}
	if r.Load, err = load.run(); err != nil {
		return r, err
	}
	after, err := server.cost(load)
	if err != nil {
		return r, err
	}
	r.Cost = after.Minus(before)
	pages, more, err := tcp()
	r.TCPPages, r.Pressures = pages, more-pressures
	return r, err
}
