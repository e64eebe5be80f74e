// SPDX-License-Identifier: GPL-2.0-only

// Package job is the talk between the benchmark on the host and its runner inside the machine: a Job goes in as JSON, a
// Result comes back.
package job

// The servers that are measured.
const (
	Kchat     = "kchat"     // the module
	Twin      = "twin"      // the same protocol and room log outside of the kernel
	Floor     = "floor"     // the least a program can do: receive, and send to each
	InspIRCd  = "inspircd"  // IRC
	NgIRCd    = "ngircd"    // IRC
	Redis     = "redis"     // publish and subscribe
	NATS      = "nats"      // publish and subscribe
	Mosquitto = "mosquitto" // MQTT, QoS 0
)

// Port is where each server listens, on the machine's loopback.
const Port = 10106

// The accounts of the module and of its twin: Login and a number from 0, and one password and salt for all.
const (
	Login    = "load"
	Password = "load"
)

// Job is one server, one crowd and one way to talk.
type Job struct {
	Server      string `json:"server"`
	Members     int    `json:"members"` // of a room
	Rooms       int    `json:"rooms"`
	Size        int    `json:"size"`              // of a message's text, bytes
	Outstanding int    `json:"outstanding"`       // messages a room has under way
	Deliveries  int    `json:"deliveries"`        // in one run, in all rooms
	Rate        int    `json:"rate,omitempty"`    // deliveries per second; 0: as fast as they go
	Profile     int    `json:"profile,omitempty"` // instructions from one sample of more runs to the next; 0: none are taken
	Repeat      int    `json:"repeat"`            // runs that count; one goes before them that does not. 0: only the setting up and the memory
}

// People is how many connections there are.
func (j Job) People() int { return j.Members * j.Rooms }

// Cost is who used the processor, in nanoseconds of the guest's clock. On a machine that counts, one is an instruction.
type Cost struct {
	Server  uint64 `json:"server"`  // the server's own threads
	Load    uint64 `json:"load"`    // the load generator
	Busy    uint64 `json:"busy"`    // all that ran, these two included, but not who looked
	Elapsed uint64 `json:"elapsed"` // from the beginning to the end, idle time included
}

// Minus is what was used since then.
func (c Cost) Minus(then Cost) Cost {
	return Cost{Server: c.Server - then.Server, Load: c.Load - then.Load, Busy: c.Busy - then.Busy, Elapsed: c.Elapsed - then.Elapsed}
}

// Load is what the load generator says of one run.
type Load struct {
	Deliveries uint64 `json:"deliveries"`
	Messages   uint64 `json:"messages"`
	Bytes      uint64 `json:"bytes"`
	ElapsedNS  uint64 `json:"elapsed_ns"`
	Reports    uint64 `json:"reports"` // STORED that the clients sent meanwhile
	Pings      uint64 `json:"pings"`   // and PINGs of those that were silent
	P50        uint64 `json:"p50_ns"`  // of the time from sending a message to its delivery
	P99        uint64 `json:"p99_ns"`
	Max        uint64 `json:"max_ns"`
}

// Run is one run.
type Run struct {
	Cost      Cost   `json:"cost"`
	Load      Load   `json:"load"`
	TCPPages  uint64 `json:"tcp_pages"` // that TCP held when it was over
	Pressures uint64 `json:"pressures"` // how often TCP came to its limit of memory meanwhile
}

// Whose a sample is.
const (
	OfServer = "server"
	OfLoad   = "load"
	OfIdle   = "idle"
	OfOthers = "others"
)

// Profile is samples of what runs did.
type Profile struct {
	Period int     `json:"period"` // instructions from one to the next
	Full   bool    `json:"full"`   // there was no room for all of them
	Stacks []Stack `json:"stacks"`
}

// Stack is how often the processor was found in one place.
type Stack struct {
	Frames  string `json:"frames"` // whose it is, who called whom, and the place: with semicolons between them
	Samples int    `json:"samples"`
}

// Memory is what the machine holds, in bytes.
type Memory struct {
	Sockets uint64 `json:"sockets"` // objects of the kernel that every open socket consists of, whoever has it
	Others  uint64 `json:"others"`  // all other objects of the kernel
	Vmalloc uint64 `json:"vmalloc"` // of the kernel
	Percpu  uint64 `json:"percpu"`  // of the kernel
	Server  uint64 `json:"server"`  // of the server's process alone, not shared
}

// Result is what came of a Job.
type Result struct {
	Job     Job    `json:"job"`
	Version string `json:"version"` // of the server, as it says it
	SetUp   Cost   `json:"set_up"`  // of all connections: connecting, logging in, joining
	Before  Memory `json:"before"`  // the server runs, nobody is connected
	Idle    Memory `json:"idle"`    // all are connected and nobody talks
	Rest    Cost   `json:"rest"`    // of a while in which nobody talks; of a job without runs
	TCPMem  string `json:"tcp_mem"` // the limits of /proc/sys/net/ipv4/tcp_mem, pages
	Runs    []Run  `json:"runs"`

	Profile *Profile `json:"profile,omitempty"` // of more runs, if the job asked for it
}
