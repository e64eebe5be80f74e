// SPDX-License-Identifier: GPL-2.0-only

package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"kchat/server/durable"
)

// settings are what an operator has switched while the server ran, and what holds again after a restart.
type settings struct {
	Ethernet []string `json:"ethernet,omitempty"` // interfaces on which discovery is answered
}

func (p Paths) settings() string { return filepath.Join(p.Data, "settings.json") }

func readSettings(p Paths) (settings, error) {
	var s settings
	text, err := os.ReadFile(p.settings())
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil {
		return settings{}, fmt.Errorf("read the settings in %s: %w", p.settings(), err)
	}
	return s, nil
}

// writeSettings replaces the file as a whole, so that a crash leaves the one or the other.
func writeSettings(p Paths, s settings) error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("write the settings: %w", err)
	}
	if err := durable.Write(p.settings(), append(text, '\n')); err != nil {
		return fmt.Errorf("write the settings: %w", err)
	}
	return nil
}
