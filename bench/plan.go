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

func everyMode() []string { return []string{modeOne, modeSat, modeIdle, modeRooms, modePaced} }

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

// jobs is the whole plan. What comes at a rate comes last: the rate depends on what was measured before.
func (o options) jobs() (jobs []job.Job) {
	servers, members, sizes, modes := everyServer(), []int{2, 10, 100, 1000}, []int{small, large}, everyMode()
	if o.quick {
		servers, members = []string{job.Kchat, job.Twin, job.Floor, job.InspIRCd, job.Redis, job.NATS}, []int{2, 100}
		modes = []string{modeOne, modeSat}
	}
	servers, members, sizes, modes = chosen(o.servers, servers), chosen(o.members, members), chosen(o.sizes, sizes), chosen(o.modes, modes)
	for _, mode := range everyMode() {
		if !slices.Contains(modes, mode) {
			continue
		}
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

// jobsOf are none where a server cannot, or where nothing new would be learnt.
func jobsOf(mode, server string, n, size, repeat int) []job.Job {
	if size > ircMax && irc(server) || server == job.NgIRCd && n > ngircdMax {
		return nil
	}
	j := job.Job{Server: server, Members: n, Rooms: 1, Size: size, Outstanding: 1, Repeat: repeat}
	switch mode {
	case modeOne:
		j.Deliveries = deliveries(n, 8000, 10)
	case modeSat:
		j.Outstanding, j.Deliveries = 64, deliveries(n, 100_000, 128)
		if neverBatches(server) {
			j.Deliveries = deliveries(n, 5000, 72)
		}
		if size >= large {
			j.Outstanding, j.Deliveries = 8, deliveries(n, 4000, 24)
		}
	case modePaced:
		if n != 100 || size != small {
			return nil
		}
		j.Outstanding, j.Rate, j.Deliveries = 1024, slowPace, 20_000
	case modeIdle:
		if n != 1000 || size != small {
			return nil
		}
		j.Repeat, j.Deliveries = 0, n
	case modeRooms:
		return roomJobs(j)
	}
	return []job.Job{j}
}

// roomJobs are more and more rooms of 10.
func roomJobs(j job.Job) (jobs []job.Job) {
	if j.Members != roomMembers || j.Size != small {
		return nil
	}
	for _, rooms := range []int{10, 100, 1000} {
		if j.Server == job.NgIRCd && rooms*roomMembers > ngircdMax {
			break
		}
		j.Rooms, j.Outstanding, j.Deliveries = rooms, 64, 20_000
		jobs = append(jobs, j)
	}
	return jobs
}

// neverBatches are servers to which more messages under way make no difference, and of which few tell as much.
func neverBatches(server string) bool { return server == job.Mosquitto || server == job.NgIRCd }

// roomMembers is how many people there are in each of many rooms.
const roomMembers = 10

// ircMax is how long a text may be in a line of IRC, which is at most 512 bytes long (RFC 2812, 2.3), with room for what
// goes before it.
const ircMax = 350

// ngircdMax is how many people ngircd can be asked to serve: with 1,000 it resets connections while they join.
const ngircdMax = 100

// slowPace is the rate, in deliveries per second, where nothing was measured that it could follow from.
const slowPace = 4000

// pace is a quarter of what the slowest peer delivers per second when saturated.
func (r *results) pace(members, size int) int {
	slowest := 0.0
	for _, server := range everyServer() {
		if found := r.find(server, modeSat, members, size); found != nil && !ours(server) {
			slowest = max(slowest, perDelivery(*found).elapsed)
		}
	}
	if slowest == 0 {
		return slowPace
	}
	return int(1e9/slowest/4/100) * 100
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
