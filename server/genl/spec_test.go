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

// policies reads what the module has an attribute be, and what each order takes, from the code.
func policies(t *testing.T) (checks map[string]string, takes map[string][]string) {
	t.Helper()
	code, err := os.ReadFile("../../kmod/netlink_policy.c")
	if err != nil {
		t.Fatal(err)
	}
	checks, takes = map[string]string{}, map[string][]string{}
	for _, match := range regexp.MustCompile(`(?m)^#define (\w+)\s+(?:\\\n\s+)?\[KCHAT_A_(\w+)\] = (.*)$`).FindAllStringSubmatch(string(code), -1) {
		if match[1] != match[2] {
			t.Errorf("%s is the policy of %s", match[1], match[2])
		}
		checks[match[1]] = match[3]
	}
	for _, match := range regexp.MustCompile(`(?s)kchat_policy_(\w+)\[KCHAT_A_MAX \+ 1\] = \{(.*?)\}`).FindAllStringSubmatch(string(code), -1) {
		takes[match[1]] = regexp.MustCompile(`\w+`).FindAllString(match[2], -1)
	}
	return checks, takes
}

// TestEveryOrderTakesItsOwnAttributesAlone: those that the specification names, in its order.
func TestEveryOrderTakesItsOwnAttributesAlone(t *testing.T) {
	_, takes := policies(t)
	code, err := os.ReadFile("../../kmod/netlink.c")
	if err != nil {
		t.Fatal(err)
	}
	has := map[string]string{}
	for _, match := range regexp.MustCompile(`(?m)^\t(?:DO|DUMP)\((\w+), (\w+), \w+\),$`).FindAllStringSubmatch(string(code), -1) {
		has[match[1]] = match[2]
	}
	for _, op := range section(t, specification(t), "operations", "mcast-groups") {
		if !strings.Contains(op.text, "  do:") && !strings.Contains(op.text, "  dump:") {
			continue // it is told, not asked
		}
		var want []string
		if list := regexp.MustCompile(`request:\n +attributes: \[(.*)\]`).FindStringSubmatch(op.text); list != nil {
			for name := range strings.SplitSeq(list[1], ", ") {
				want = append(want, constant("", name))
			}
		}
		policy, known := has[constant("", op.name)]
		if got := takes[policy]; !known || !slices.Equal(got, want) {
			t.Errorf("%s takes %q by the policy %q, the specification says %q", op.name, got, policy, want)
		}
		delete(has, constant("", op.name))
	}
	if len(has) > 0 {
		t.Errorf("not in the specification: %v", has)
	}
}

// TestEveryAttributeIsCheckedAsTheSpecificationSays: and none has a policy that no request has.
func TestEveryAttributeIsCheckedAsTheSpecificationSays(t *testing.T) {
	checks, takes := policies(t)
	known := map[string]string{}
	for _, a := range attributes(t) {
		known[constant("", a.name)] = a.text
	}
	used := map[string]bool{}
	for policy, names := range takes {
		for _, name := range names {
			used[name] = true
			if checks[name] == "" || known[name] == "" {
				t.Errorf("the policy %s has %s, which is no attribute", policy, name)
			}
		}
	}
	for name, policy := range checks {
		if !used[name] {
			t.Errorf("%s has a policy, but no request has it", name)
		}
		for check, word := range map[string]string{
			"exact-len:": "EXACT_LEN", "min:": "POLICY_(MIN|RANGE)", "max:": "POLICY_(MAX|RANGE)", "max-len:": `\.len =`,
		} {
			if has := strings.Contains(known[name], " "+check); has != regexp.MustCompile(word).MatchString(policy) {
				t.Errorf("%s: the specification checks %q: %v, but the policy is %s", name, check, has, policy)
			}
		}
	}
}
