// SPDX-License-Identifier: GPL-2.0-only

package notify

import (
	"encoding/base64"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// askedAs is the id under which a terminal is asked whether it has OSC 99.
const askedAs = "kchat-asks"

// query asks for OSC 99. Only a terminal that has it answers.
const query = "\x1b]99;i=" + askedAs + ":p=?;\x1b\\"

// osc99 is a note in kitty's protocol. Its payload is in base64, so that nothing in it can end the sequence; the same id
// replaces the note before.
func osc99(id string, n Note) string {
	part := func(meta, words string) string {
		return "\x1b]99;i=" + id + ":e=1:" + meta + ";" + base64.StdEncoding.EncodeToString([]byte(words)) + "\x1b\\"
	}
	if n.Body == "" {
		return part("d=1:p=title", n.Title)
	}
	return part("d=0:p=title", n.Title) + part("d=1:p=body", n.Body)
}

// close99 takes a note back.
func close99(id string) string { return "\x1b]99;i=" + id + ":p=close;\x1b\\" }

// osc777 has its parts between semicolons, so they have none.
func osc777(n Note) string {
	apart := strings.NewReplacer(";", ",")
	return "\x1b]777;notify;" + apart.Replace(n.Title) + ";" + apart.Replace(n.Body) + "\a"
}

// osc9 is one text. For ConEmu and others a number in front of it is an order (progress, a dialog, a new title), so it
// never begins with one.
func osc9(n Note) string {
	words := n.Title
	if n.Body != "" {
		words += ": " + n.Body
	}
	if words[0] >= '0' && words[0] <= '9' {
		words = "kchat: " + words
	}
	return "\x1b]9;" + words + "\a"
}

// throughTmux passes a sequence on to the terminal that tmux is in.
func throughTmux(sequence string) string { return ansi.TmuxPassthrough(sequence) }
