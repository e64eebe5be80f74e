// SPDX-License-Identifier: GPL-2.0-only

// Package guest is the talk between the runner on the host and /init in the microVM: JSON lines over a
// virtio serial port. The host asks and the guest answers; besides, the guest reports events unasked.
package guest

import (
	"encoding/json"
	"errors"
	"fmt"
	"syscall"
)

// The operations that the guest serves, with the type of their arguments and of their answer.
const (
	OpClock    = "clock"    // Clock: set the guest's wall clock
	OpLoad     = "load"     // Load: insert a kernel module
	OpUnload   = "unload"   // Unload: remove a kernel module
	OpNetlink  = "netlink"  // Netlink -> NetlinkAnswer: one generic netlink exchange
	OpService  = "service"  // become the accounts service of the loaded module
	OpDecide   = "decide"   // genl.Decision: answer an account request
	OpWatch    = "watch"    // Watch: report what happens on the server, or not any more
	OpRead     = "read"     // Path -> []byte: read a file
	OpWrite    = "write"    // Write: write to an existing file, such as one in /proc or /sys
	OpExec     = "exec"     // Exec -> Exit: run a program of the initramfs; output comes as Output
	OpPowerOff = "poweroff" // end the guest; the answer is the end of the connection
)

// The events that the guest reports unasked.
const (
	EventReady    = "ready"    // Ready: network is up, operations are served
	EventKmsg     = "kmsg"     // Kmsg: a line of the kernel log
	EventAccount  = "account"  // genl.Request: somebody registers or changes a password
	EventHappened = "happened" // genl.Event: what happens on the server, while it is watched
)

// Clock is what the guest's wall clock is set to.
type Clock struct {
	UnixMicro int64 `json:"unix_micro"`
}

// Load names a module file in the guest, and the parameters it gets.
type Load struct {
	Path   string `json:"path"`
	Params string `json:"params,omitempty"`
}

// Unload names a loaded module.
type Unload struct {
	Name string `json:"name"`
}

// Netlink is one request to a generic netlink family. Flags and Data are as in RFC 3549.
type Netlink struct {
	Family  string   `json:"family"`
	Command uint8    `json:"command"`
	Flags   uint16   `json:"flags"`
	Data    []byte   `json:"data,omitempty"`
	More    [][]byte `json:"more,omitempty"` // the data of requests that follow, as long as none fails; what they are answered is not told
}

// NetlinkAnswer holds the attributes of every message the kernel answered with.
type NetlinkAnswer struct {
	Messages [][]byte `json:"messages"`
}

// Watch says whether to report what happens.
type Watch struct {
	On bool `json:"on"`
}

// Path names a file of the guest.
type Path struct {
	Path string `json:"path"`
}

// Write is what is written to a file in one write call.
type Write struct {
	Path string `json:"path"`
	Data []byte `json:"data"`
}

// Exec is a program to run in the guest.
type Exec struct {
	Path string   `json:"path"`
	Args []string `json:"args,omitempty"`
	Env  []string `json:"env,omitempty"`
}

// Exit is how a program ended: its exit code, or -1 when a signal ended it.
type Exit struct {
	Code int `json:"code"`
}

// Output is a piece of what a program printed.
type Output struct {
	Stderr bool   `json:"stderr,omitempty"`
	Data   []byte `json:"data"`
}

// Ready says that the guest is up.
type Ready struct {
	Release string `json:"release"` // kernel release, as uname -r
}

// Kmsg is a line of the kernel log.
type Kmsg struct {
	Level  int    `json:"level"`  // 0 emergency to 7 debug, as in syslog
	Micros int64  `json:"micros"` // microseconds since the guest's boot
	Text   string `json:"text"`
}

// String writes the line as dmesg does.
func (k Kmsg) String() string {
	return fmt.Sprintf("[%5d.%06d] %s", k.Micros/1e6, k.Micros%1e6, k.Text)
}

// Error is a failure in the guest, with the errno where there was one, so that errors.Is finds it.
type Error struct {
	Text  string        `json:"text"`
	Errno syscall.Errno `json:"errno,omitempty"`
}

func (e *Error) Error() string { return "in the microVM: " + e.Text }

// Unwrap gives the errno.
func (e *Error) Unwrap() error {
	if e.Errno == 0 {
		return nil
	}
	return e.Errno
}

// newError keeps what of err survives the way to the host.
func newError(err error) *Error {
	e := &Error{Text: err.Error()}
	_ = errors.As(err, &e.Errno)
	return e
}

// line is what goes over the port, in both directions.
type line struct {
	ID     uint64          `json:"id,omitempty"`     // the request it belongs to; 0 for an event
	Op     string          `json:"op,omitempty"`     // in a request
	Event  string          `json:"event,omitempty"`  // in an event
	Data   json.RawMessage `json:"data,omitempty"`   // arguments, answer, or what the event says
	Output *Output         `json:"output,omitempty"` // between request and answer of OpExec
	Error  *Error          `json:"error,omitempty"`  // in an answer
}
