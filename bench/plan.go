// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"slices"

	"kchat/bench/job"
)

// The ways to talk.
const (
	modeOne   = "one"   // one message under way: the cost of a delivery at low load
	modeSat   = "sat"   // many under way, so that a server may batch
	modePaced = "paced" // at a rate, for the time a delivery takes
	modeIdle  = "idle"  // nobody talks: memory, and what connecting costs
	modeRooms = "rooms" // many rooms
)

func everyMode() []string { return []string{modeOne, modeSat, modePaced, modeIdle, modeRooms} }

func everyServer() []string {
	return []string{job.Kchat, job.Floor, job.Twin, job.InspIRCd, job.NgIRCd, job.Redis, job.NATS, job.Mosquitto}
}

// irc servers take lines of at most 512 bytes.
func irc(server string) bool { return server == job.InspIRCd || server == job.NgIRCd }

// ours are no peers: they are there to compare with.
func ours(server string) bool {
	return server == job.Kchat || server == job.Twin || server == job.Floor
}

const (
	small = 64
	large = 16384
)

func (o options) jobs() (jobs []job.Job) {
	servers, members, sizes, modes := everyServer(), []int{2, 10, 100, 1000}, []int{small, large}, everyMode()
	if o.quick {
		servers, members, modes = []string{job.Kchat, job.Floor, job.InspIRCd, job.Redis, job.NATS}, []int{2, 100}, []string{modeOne, modeSat}
	}
	servers, members, sizes, modes = chosen(o.servers, servers), chosen(o.members, members), chosen(o.sizes, sizes), chosen(o.modes, modes)
	for _, mode := range modes {
		for _, size := range sizes {
			for _, n := range members {
				for _, server := range servers {
					jobs = append(jobs, jobsOf(mode, server, n, size, o.repeat)...)
				}
			}
		}
	}
	return jobs
}

func chosen[T any](choice, all []T) []T {
	if len(choice) > 0 {
		return choice
	}
	return all
}

func serversOf(jobs []job.Job) (servers []string) {
	for _, j := range jobs {
		if !slices.Contains(servers, j.Server) {
			servers = append(servers, j.Server)
		}
	}
	return servers
}

// pace is a quarter of what the slowest peer delivers when saturated, per second of the guest's clock.
const pace = 4000

// jobsOf are none where a server cannot, or where nothing new would be learnt.
func jobsOf(mode, server string, n, size, repeat int) []job.Job {
	if size > 400 && irc(server) {
		return nil
	}
	j := job.Job{Server: server, Members: n, Rooms: 1, Size: size, Outstanding: 1, Repeat: repeat}
	switch mode {
	case modeOne:
		j.Deliveries = deliveries(n, 4000, 10)
	case modeSat:
		j.Outstanding = 64
		j.Deliveries = deliveries(n, 40_000, 256)
		if size >= large {
			j.Outstanding = 8
			j.Deliveries = deliveries(n, 4000, 24)
		}
	case modePaced:
		if n != 100 || size != small {
			return nil
		}
		j.Outstanding, j.Rate, j.Deliveries = 64, pace, 20_000
	case modeIdle:
		if size != small {
			return nil
		}
		j.Repeat, j.Deliveries = 0, n
	case modeRooms:
		if n != 10 || size != small {
			return nil
		}
		j.Rooms, j.Deliveries = 1000, 100_000
	}
	return []job.Job{j}
}

// deliveries is at least so many, and at least so many messages.
func deliveries(n, least, messages int) int { return max((least+n-1)/n, messages) * n }

// modeOf is what the job was made for.
func modeOf(j job.Job) string {
	switch {
	case j.Repeat == 0:
		return modeIdle
	case j.Rate > 0:
		return modePaced
	case j.Rooms > 1:
		return modeRooms
	case j.Outstanding > 1:
		return modeSat
	}
	return modeOne
}
