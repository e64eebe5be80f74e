// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestWhatIsLoggedIsOfTheLevelAndFormatThatWereAskedFor(t *testing.T) {
	logged := func(args ...string) (string, error) {
		t.Helper()
		var l logging
		var out bytes.Buffer
		cmd := &cobra.Command{}
		cmd.Flags().Bool(jsonFlag, false, "")
		l.flags(cmd, "warn")
		cmd.SetErr(&out)
		if err := cmd.ParseFlags(args); err != nil {
			t.Fatal(err)
		}
		log, err := l.logger(cmd)
		if err != nil {
			return "", err
		}
		log.Info("one", "n", 1)
		log.Warn("two")
		return out.String(), nil
	}
	read := func(args ...string) string {
		t.Helper()
		text, err := logged(args...)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	if text := read(); strings.Contains(text, "one") || !strings.Contains(text, "level=WARN msg=two") {
		t.Errorf("as usual: %s", text)
	}
	if text := read("--log-level", "info"); !strings.Contains(text, "msg=one n=1") {
		t.Errorf("info: %s", text)
	}
	if text := read("--log-level", "error"); text != "" {
		t.Errorf("error: %s", text)
	}
	for _, args := range [][]string{{"--log-format", "json"}, {"--json"}} {
		var line struct{ Level, Msg string }
		if err := json.Unmarshal([]byte(read(args...)), &line); err != nil || line.Level != "WARN" || line.Msg != "two" {
			t.Errorf("%q: %+v, %v", args, line, err)
		}
	}
	if text := read("--json", "--log-format", "text"); !strings.Contains(text, "msg=two") {
		t.Errorf("text: %s", text)
	}
	for _, args := range [][]string{{"--log-level", "loud"}, {"--log-level", "INFO+1"}, {"--log-format", "xml"}} {
		if _, err := logged(args...); exitCode(err) != exitUsage || !strings.Contains(err.Error(), args[1]) {
			t.Errorf("%q: %v", args, err)
		}
	}
}
