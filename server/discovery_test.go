// SPDX-License-Identifier: GPL-2.0-only

package server

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"kchat/server/genl"
	"kchat/server/kept"
)

// taken is a kernel in which ports are taken.
type taken struct {
	backend
	errs []error  // of one START after the other
	said [][]byte // what came with each
}

func (k *taken) Execute(_ context.Context, _ uint8, _ netlink.HeaderFlags, data []byte) ([][]byte, error) {
	k.said = append(k.said, slices.Clone(data))
	return nil, k.errs[len(k.said)-1]
}

func (k *taken) about() about { return about{mode: ModeVM} }

func TestAServerStartsWithoutDiscoveryIfOnlyThatPortIsTaken(t *testing.T) {
	for name, c := range map[string]struct {
		errs []error
		want error
		on   bool
	}{
		"none is taken":               {errs: []error{nil}, on: true},
		"discovery's is":              {errs: []error{unix.EADDRINUSE, nil}},
		"the server's is":             {errs: []error{unix.EADDRINUSE, unix.EADDRINUSE}, want: unix.EADDRINUSE, on: true},
		"it fails for another reason": {errs: []error{unix.ENOMEM}, want: unix.ENOMEM, on: true},
	} {
		t.Run(name, func(t *testing.T) {
			r := &Runner{logs: Logs{Server: slog.New(slog.DiscardHandler)}, cfg: Config{Paths: Paths{Data: t.TempDir()}}}
			r.rooms, _ = kept.Open(r.cfg.Paths.rooms())
			k := &taken{errs: c.errs}
			err := r.startAndAnswer(t.Context(), genl.NewClient(k), genl.Start{Name: "x", Port: 1}, nil)
			if !errors.Is(err, c.want) || len(k.said) != len(c.errs) {
				t.Errorf("after %d attempts: %v", len(k.said), err)
			}
			d, err := r.discovery(t.Context(), k)
			if err != nil || d.On != c.on || (d.Why == "") != c.on {
				t.Errorf("discovery: %+v, %v", d, err)
			}
			if len(k.said) == 2 && len(k.said[1]) <= len(k.said[0]) {
				t.Error("the second attempt does not say that discovery is to be off")
			}
		})
	}
}

func TestSettingsSurviveAndAreForTheirOwnerAlone(t *testing.T) {
	p := Paths{Data: t.TempDir()}
	if s, err := readSettings(p); err != nil || len(s.Ethernet) != 0 {
		t.Errorf("of a new server: %+v, %v", s, err)
	}
	if err := writeSettings(p, settings{Ethernet: []string{"eth0", "eth1"}}); err != nil {
		t.Fatal(err)
	}
	if s, err := readSettings(p); err != nil || !slices.Equal(s.Ethernet, []string{"eth0", "eth1"}) {
		t.Errorf("read: %+v, %v", s, err)
	}
	info, err := os.Stat(p.settings())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v: %v", info, err)
	}
	if err := os.WriteFile(p.settings(), []byte("{not json"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readSettings(p); err == nil || !strings.Contains(err.Error(), p.settings()) {
		t.Errorf("of a broken file: %v", err)
	}
	if files, err := os.ReadDir(p.Data); err != nil || len(files) != 1 {
		t.Errorf("left behind: %v, %v", files, err)
	}
}
