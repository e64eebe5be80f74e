// SPDX-License-Identifier: GPL-2.0-only

package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"kchat/server/accounts"
	"kchat/server/durable"
)

// settings are what an operator has switched while the server ran, and what holds again after a restart.
type settings struct {
	Ethernet  []string       `json:"ethernet,omitempty"`  // interfaces on which discovery is answered
	Accounts  string         `json:"accounts,omitempty"`  // file of the accounts, if they are shared; else it is our own
	Peers     []Peer         `json:"peers,omitempty"`     // other servers of the community
	Successor *accounts.UUID `json:"successor,omitempty"` // the peer that gets all rooms, while the server is drained
}

func (p Paths) settings() string { return filepath.Join(p.Data, "settings.json") }

func readSettings(p Paths) (settings, error) {
	var s settings
	if err := readJSON(p.settings(), &s); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return settings{}, fmt.Errorf("read the settings in %s: %w", p.settings(), err)
	}
	return s, nil
}

func writeSettings(p Paths, s settings) error {
	if err := writeJSON(p.settings(), s); err != nil {
		return fmt.Errorf("write the settings: %w", err)
	}
	return nil
}

func readJSON(path string, to any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, to)
}

func writeJSON(path string, from any) error {
	text, err := json.MarshalIndent(from, "", "  ")
	if err != nil {
		return err
	}
	return durable.Write(path, append(text, '\n'))
}
