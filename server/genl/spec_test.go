// SPDX-License-Identifier: GPL-2.0-only

package genl

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const specFile = "../../docs/netlink/kchat.yaml"

// thing is an attribute or an operation of the specification.
type thing struct {
	name string
	text string // its lines
}

// section reads the things of a part of the specification, in their order: a dash on a line of its own, then its name.
func section(t *testing.T, text, head, next string) (all []thing) {
	t.Helper()
	_, text, ok := strings.Cut(text, "\n"+head+":\n")
	if !ok {
		t.Fatalf("the specification has no %s", head)
	}
	text, _, _ = strings.Cut(text, "\n"+next+":\n")
	for _, part := range regexp.MustCompile(`(?m)^ +-\n`).Split(text, -1)[1:] {
		match := regexp.MustCompile(`(?m)^ +name: (\S+)$`).FindStringSubmatch(part)
		if match == nil {
			t.Fatalf("without a name:\n%s", part)
		}
		all = append(all, thing{match[1], part})
	}
	return all
}

func specification(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(specFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// constant is a name of the specification as the header writes it.
func constant(prefix, name string) string {
	return prefix + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

func names(all []thing, prefix string) (names []string) {
	for _, one := range all {
		names = append(names, constant(prefix, one.name))
	}
	return names
}

func attributes(t *testing.T) []thing {
	t.Helper()
	return section(t, specification(t), "attribute-sets", "operations")[1:] // the first is the set itself
}

func TestTheSpecificationHasTheAttributesOfTheHeader(t *testing.T) {
	got, want := names(attributes(t), "KCHAT_A_"), enum(t, "kchat_nla")
	if !slices.Equal(got, want) {
		t.Errorf("the specification has\n%q, the header\n%q", got, want)
	}
}

func TestTheSpecificationHasTheCommandsOfTheHeader(t *testing.T) {
	got := names(section(t, specification(t), "operations", "mcast-groups"), "KCHAT_CMD_")
	if want := enum(t, "kchat_cmd"); !slices.Equal(got, want) {
		t.Errorf("the specification has\n%q, the header\n%q", got, want)
	}
}

func TestTheSpecificationHasTheEnumsOfTheHeader(t *testing.T) {
	definitions := section(t, specification(t), "definitions", "attribute-sets")
	for name, prefix := range map[string]string{"register": "KCHAT_REGISTER_", "event": "KCHAT_EVENT_"} {
		i := slices.IndexFunc(definitions, func(d thing) bool { return d.name == name })
		if i < 0 {
			t.Fatalf("no %s is defined", name)
		}
		match := regexp.MustCompile(`entries: \[(.*)\]`).FindStringSubmatch(definitions[i].text)
		var got []string
		for entry := range strings.SplitSeq(match[1], ", ") {
			got = append(got, constant(prefix, entry))
		}
		if want := enum(t, "kchat_"+name); !slices.Equal(got[1:], want) { // the first is 0
			t.Errorf("the specification has %q, the header %q", got[1:], want)
		}
	}
}

// TestEveryAttributeOfARequestHasAPolicy: with the check that the specification names.
func TestEveryAttributeOfARequestHasAPolicy(t *testing.T) {
	var code []byte
	for _, file := range []string{"netlink.c", "netlink_room.c"} {
		text, err := os.ReadFile("../../kmod/" + file)
		if err != nil {
			t.Fatal(err)
		}
		code = append(code, text...)
	}
	policies := map[string]string{}
	for _, match := range regexp.MustCompile(`(?m)^\t\[KCHAT_A_(\w+)\]\s*= (.*),$`).FindAllStringSubmatch(string(code), -1) {
		policies[match[1]] = match[2]
	}
	known := map[string]string{}
	for _, a := range attributes(t) {
		known[a.name] = a.text
	}
	asked := map[string]bool{}
	for _, nested := range []string{"addr", "prefix-len", "standing-flags", "banned-until", "muted-until", "invited-until"} {
		asked[nested] = true
	}
	for _, op := range section(t, specification(t), "operations", "mcast-groups") {
		for _, list := range regexp.MustCompile(`attributes: \[(.*)\]`).FindAllStringSubmatch(op.text, -1) {
			for name := range strings.SplitSeq(list[1], ", ") {
				if known[name] == "" {
					t.Errorf("%s has %s, which is no attribute", op.name, name)
				}
				if strings.Contains(op.text, "request:") {
					asked[name] = true
				}
			}
		}
	}
	for name := range asked {
		policy := policies[constant("", name)]
		if policy == "" {
			t.Errorf("%s has no policy", name)
		}
		for check, word := range map[string]string{
			"exact-len:": "EXACT_LEN", "min:": "POLICY_(MIN|RANGE)", "max:": "POLICY_(MAX|RANGE)", "max-len:": `\.len =`,
		} {
			if has := strings.Contains(known[name], " "+check); has != regexp.MustCompile(word).MatchString(policy) {
				t.Errorf("%s: the specification checks %q: %v, but the policy is %s", name, check, has, policy)
			}
		}
	}
	for name := range policies {
		if !asked[strings.ToLower(strings.ReplaceAll(name, "_", "-"))] {
			t.Errorf("%s has a policy, but no request has it", name)
		}
	}
}
