// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"time"

	"golang.org/x/sys/unix"

	"kchat/e2e/driver"
	"kchat/server/genl"
	"kchat/wire"
)

// etherOnACable walks through discovery over Ethernet: off at first, switched on, a connection to the address it
// names, frames that are no questions, a cable that goes and comes, and off again.
func etherOnACable(ctx context.Context) error {
	if err := driver.Load("veth"); err != nil {
		return err
	}
	local, err := genl.Dial(genl.Family)
	if err != nil {
		return err
	}
	defer local.Close()
	kernel := genl.NewClient(local)
	return elsewhere(func(namespace int) error {
		if err := plug(namespace); err != nil {
			return err
		}
		w, err := openWire()
		if err != nil {
			return err
		}
		defer w.close()
		if err := w.deaf("before it was switched on"); err != nil {
			return err
		}
		if err := kernel.SetEther(ctx, nearEnd, true); err != nil {
			return err
		}
		answer, err := w.found()
		if err != nil {
			return err
		}
		if err := greeted(ctx, answer); err != nil {
			return err
		}
		if err := errors.Join(program(ctx, answer), w.drain()); err != nil {
			return err
		}
		if err := w.cutEverywhere(); err != nil {
			return err
		}
		if err := comesAndGoes(ctx, kernel, namespace); err != nil {
			return err
		}
		return severalAndNoMore(ctx, kernel)
	})
}

// comesAndGoes: the server follows the interface by its name, until it is switched off.
func comesAndGoes(ctx context.Context, kernel *genl.Client, namespace int) error {
	if err := unplug(); err != nil {
		return err
	}
	if err := listed(ctx, kernel, func(i genl.Interface) bool { return i.Index == 0 }); err != nil {
		return fmt.Errorf("after the cable is gone: %w", err)
	}
	if err := plug(namespace); err != nil {
		return err
	}
	if err := listed(ctx, kernel, func(i genl.Interface) bool { return i.Index != 0 }); err != nil {
		return fmt.Errorf("after the cable is back: %w", err)
	}
	w, err := openWire()
	if err != nil {
		return err
	}
	defer w.close()
	if _, err := w.found(); err != nil {
		return fmt.Errorf("over the new cable: %w", err)
	}
	if err := kernel.SetEther(ctx, nearEnd, true); !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("switched on twice: %w", err)
	}
	if err := kernel.SetEther(ctx, nearEnd, false); err != nil {
		return err
	}
	if err := w.deaf("after it was switched off"); err != nil {
		return err
	}
	if err := kernel.SetEther(ctx, nearEnd, false); !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("switched off twice: %w", err)
	}
	return nil
}

// severalAndNoMore: a server answers on 16 interfaces, whether they are there or not.
func severalAndNoMore(ctx context.Context, kernel *genl.Client) error {
	const most = 16
	name := func(i int) string { return fmt.Sprintf("none%d", i) }
	for i := range most {
		if err := kernel.SetEther(ctx, name(i), true); err != nil {
			return err
		}
	}
	if err := kernel.SetEther(ctx, name(most), true); !errors.Is(err, unix.ENOSPC) {
		return fmt.Errorf("one more than %d interfaces: %w", most, err)
	}
	for i := range most {
		if err := kernel.SetEther(ctx, name(i), false); err != nil {
			return err
		}
	}
	if err := kernel.SetEther(ctx, "bad/name", true); !errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("a name that no interface can have: %w", err)
	}
	return nil
}

// listed waits until the server lists the near end, and it alone, as it should be.
func listed(ctx context.Context, kernel *genl.Client, as func(genl.Interface) bool) error {
	var list []genl.Interface
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		var err error
		if list, err = kernel.Ether(ctx); err != nil {
			return err
		}
		if len(list) == 1 && list[0].Name == nearEnd && as(list[0]) {
			return nil
		}
	}
	return fmt.Errorf("the server lists %v", list)
}

// found asks until an answer with an address on the link comes: the kernel looks for duplicates of it first.
func (w *wireEnd) found() (wire.Answer, error) {
	near, err := macOf(nearEnd)
	if err != nil {
		return wire.Answer{}, err
	}
	var answer wire.Answer
	for deadline := time.Now().Add(2 * patience); time.Now().Before(deadline); {
		q := wire.Question{}
		_, _ = rand.Read(q.Mark[:]) // never fails
		if err := w.send(q.Append(nil)); err != nil {
			return answer, err
		}
		from, data, err := w.receive(200 * time.Millisecond)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			continue
		}
		if err != nil {
			return answer, err
		}
		if answer, err = wire.ParseAnswer(data); err != nil || answer.Mark != q.Mark {
			return answer, fmt.Errorf("the answer is %x: %w", data, err)
		}
		if !bytes.Equal(from, near) || !bytes.Equal(answer.MAC[:], near) {
			return answer, fmt.Errorf("%v answers with MAC %x, the interface has %v", from, answer.MAC, near)
		}
		if answer.LinkLocal != [16]byte{} {
			fmt.Printf("%q answers on the cable: MAC %v, %v, TCP port %d\n",
				answer.Name, near, netip.AddrFrom16(answer.LinkLocal), answer.Port)
			return answer, nil
		}
	}
	return answer, fmt.Errorf("no answer with an address: %+v", answer)
}

func macOf(name string) (mac net.HardwareAddr, err error) {
	err = here(func() error {
		link, err := net.InterfaceByName(name)
		if err == nil {
			mac = link.HardwareAddr
		}
		return err
	})
	return mac, err
}

// greeted connects to the address that the answer names, as a login would, from this thread's namespace.
func greeted(ctx context.Context, answer wire.Answer) error {
	addr := netip.AddrPortFrom(netip.AddrFrom16(answer.LinkLocal).WithZone(farEnd), answer.Port)
	fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open a socket: %w", err)
	}
	defer unix.Close(fd)
	link, err := net.InterfaceByName(farEnd)
	if err != nil {
		return err
	}
	to := &unix.SockaddrInet6{Port: int(answer.Port), ZoneId: uint32(link.Index), Addr: answer.LinkLocal}
	for err = unix.Connect(fd, to); errors.Is(err, unix.EADDRNOTAVAIL) && ctx.Err() == nil; err = unix.Connect(fd, to) {
		time.Sleep(50 * time.Millisecond) // our own address on the link is not there yet
	}
	if err != nil {
		return fmt.Errorf("connect to %v: %w", addr, err)
	}
	hello := wire.Hello{Version: wire.Version, Agent: "guestnet"}.Append(nil)
	if _, err := unix.Write(fd, append(wire.Header{Type: wire.TypeHello}.Append(nil, len(hello)), hello...)); err != nil {
		return fmt.Errorf("greet %v: %w", addr, err)
	}
	head := make([]byte, wire.HeaderLen)
	if n, err := unix.Read(fd, head); err != nil || n < wire.HeaderLen {
		return fmt.Errorf("%v does not greet: %d bytes, %w", addr, n, err)
	}
	if h, _, err := wire.ParseHeader(head); err != nil || h.Type != wire.TypeWelcome {
		return fmt.Errorf("%v greets with %v: %w", addr, h.Type, err)
	}
	fmt.Printf("%v says WELCOME\n", addr)
	return nil
}

// program does it all with the user's program: it finds the server over the cable, and logs in at the address that was
// found. That it is alone there is the word of a server that has let it in.
func program(ctx context.Context, answer wire.Answer) error {
	const kchat, alone = "/bin/kchat-tui", 5
	out, err := exec.CommandContext(ctx, kchat, "discover", "--json", "--wait", "2s", "--ether", farEnd).Output()
	if err != nil {
		return fmt.Errorf("discover --ether: %w: %s", err, out)
	}
	var found struct{ Address, MAC, Interface, Over, Name string }
	if err := json.Unmarshal(out, &found); err != nil {
		return fmt.Errorf("discover --ether says %q: %w", out, err)
	}
	want := netip.AddrPortFrom(netip.AddrFrom16(answer.LinkLocal).WithZone(farEnd), answer.Port).String()
	if found.Address != want || found.MAC != net.HardwareAddr(answer.MAC[:]).String() || found.Interface != farEnd || found.Over != "ethernet" {
		return fmt.Errorf("discover --ether says %q, not %s", out, want)
	}
	fmt.Printf("kchat-tui discover --ether %s: %s", farEnd, out)
	login := exec.CommandContext(ctx, kchat, "send", "--server", found.Address, "--user", "anna",
		"--password-file", "/etc/password-of-anna", "--room", "segment", "hello")
	login.Env = []string{"HOME=/tmp"}
	said, err := login.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != alone {
		return fmt.Errorf("log in at %s: %w: %s", found.Address, err, said)
	}
	fmt.Printf("kchat-tui send --server %s: %s", found.Address, said)
	return nil
}

// deaf fails if a question is answered.
func (w *wireEnd) deaf(when string) error {
	if err := w.send(wire.Question{Mark: [8]byte{0xdd}}.Append(nil)); err != nil {
		return err
	}
	if _, data, err := w.receive(quiet); !errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("%s: %x, %w", when, data, err)
	}
	return nil
}

// cutEverywhere sends a question cut at every byte, and with more behind it; only the whole one after them is answered.
func (w *wireEnd) cutEverywhere() error {
	whole := wire.Question{Mark: [8]byte{0xcc}}.Append(nil)
	for n := range whole {
		if err := w.send(whole[:n]); err != nil {
			return err
		}
	}
	for _, more := range []int{1, 44, 1000} {
		if err := w.send(append(whole[:len(whole):len(whole)], make([]byte, more)...)); err != nil {
			return err
		}
	}
	fmt.Printf("%d frames that are no questions\n", len(whole)+3)
	// A server takes only so much at once, so the question after them is asked until it is heard.
	good := wire.Question{Mark: [8]byte{0xee}}
	for deadline := time.Now().Add(2 * patience); time.Now().Before(deadline); {
		if err := w.send(good.Append(nil)); err != nil {
			return err
		}
		_, data, err := w.receive(time.Second)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			continue
		}
		if answer, parseErr := wire.ParseAnswer(data); err != nil || parseErr != nil || answer.Mark != good.Mark {
			return fmt.Errorf("one of them is answered: %x, %w", data, errors.Join(err, parseErr))
		}
		return nil
	}
	return errors.New("after them a good question is not answered")
}
