// SPDX-License-Identifier: GPL-2.0-only

package markdown

// Link is a link of a text.
type Link struct {
	Target string // where it leads: printable ASCII; http, https or mailto
	Words  string // what is linked, as it is shown
}

// Plain reports whether the words are where the link leads, letter by letter.
func (l Link) Plain() bool {
	return l.Words == l.Target || "https://"+l.Words == l.Target
}

// Links returns the links of words as Render shows them, in their order, each target once. Words must be clean.
func Links(words string) []Link {
	r := renderer{look: &Look{}, styles: make(map[span]edges), began: make(map[int]int), said: make(map[int]string)}
	r.blocks(words, widest)
	var all []Link
	seen := make(map[string]int)
	for i, target := range r.links {
		said, shown := r.said[i+1]
		if !shown {
			continue
		}
		if at, again := seen[target]; !again {
			seen[target] = len(all)
			all = append(all, Link{target, said})
		} else if one := (Link{target, said}); !one.Plain() {
			all[at] = one // the one that says another thing counts
		}
	}
	return all
}

// widest is a width at which nothing is wrapped.
const widest = 1 << 20
