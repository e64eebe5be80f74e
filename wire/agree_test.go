// SPDX-License-Identifier: GPL-2.0-only

package wire

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const (
	documentPath = "../docs/protocol.md"
	headerPath   = "../kmod/uapi/kchat.h"
)

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// table returns the cells of the first table of the document whose head begins with these columns.
func table(t *testing.T, head ...string) [][]string {
	t.Helper()
	var rows [][]string
	inside := false
	for line := range strings.Lines(readFile(t, documentPath)) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			if inside {
				return rows
			}
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case inside && strings.HasPrefix(cells[0], "---"):
		case inside:
			rows = append(rows, cells)
		case len(cells) >= len(head) && strings.Join(cells[:len(head)], "|") == strings.Join(head, "|"):
			inside = true
		}
	}
	if !inside {
		t.Fatalf("the document has no table %v", head)
	}
	return rows
}

// numbers returns name and number of a table's first two columns.
func numbers(t *testing.T, rows [][]string) map[string]uint64 {
	t.Helper()
	found := map[string]uint64{}
	for _, row := range rows {
		n, err := strconv.ParseUint(row[0], 0, 64)
		if err != nil {
			t.Fatalf("%q is no number: %v", row[0], err)
		}
		found[row[1]] = n
	}
	return found
}

// uapi returns what the header defines under a prefix, by enum or by macro, without the prefix.
func uapi(t *testing.T, prefix string) map[string]uint64 {
	t.Helper()
	found := map[string]uint64{}
	pattern := regexp.MustCompile(`(?m)^(?:#define\s+|\s+)` + prefix + `(\w+)(?:\s*=\s*|\s+)(0x[0-9a-fA-F]+|[0-9]+)`)
	for _, m := range pattern.FindAllStringSubmatch(readFile(t, headerPath), -1) {
		n, err := strconv.ParseUint(m[2], 0, 64)
		if err != nil {
			t.Fatal(err)
		}
		found[m[1]] = n
	}
	if len(found) == 0 {
		t.Fatalf("the header defines nothing that begins with %s", prefix)
	}
	return found
}

// same fails the test unless the three name the same numbers.
func same(t *testing.T, document, header, ours map[string]uint64) {
	t.Helper()
	for where, other := range map[string]map[string]uint64{"document": document, "header": header} {
		for name, n := range ours {
			if m, ok := other[name]; !ok || m != n {
				t.Errorf("%s: the %s says %d (%v), Go says %d", name, where, m, ok, n)
			}
		}
		for name, n := range other {
			if _, ok := ours[name]; !ok {
				t.Errorf("%s = %d: the %s has it, Go has not", name, n, where)
			}
		}
	}
}

func TestTypesAgree(t *testing.T) {
	ours := map[string]uint64{}
	for _, r := range rules {
		ours[r.Name] = uint64(r.Type)
	}
	header := uapi(t, "KCHAT_T_")
	same(t, numbers(t, table(t, "number", "name", "direction", "max", "state")), header, ours)
}

func TestDirectionsMaximaAndStatesAgreeWithTheDocument(t *testing.T) {
	directions := map[string]Direction{"C": FromClient, "S": FromServer, "C, S": FromClient | FromServer, "R": Relayed}
	states := map[string]State{
		"": 0, "any": StateAny, "NEW": StateNew, "GREETED": StateGreeted, "CHALLENGED": StateChallenged,
		"OPEN": StateOpen, "OPEN, MEDIA": StateOpen | StateMedia,
	}
	rows := table(t, "number", "name", "direction", "max", "state")
	if len(rows) != len(rules) {
		t.Fatalf("the document has %d types, Go has %d", len(rows), len(rules))
	}
	for i, row := range rows {
		r := rules[i]
		if r.Name != row[1] {
			t.Fatalf("row %d: the document has %s, Go has %s", i, row[1], r.Name)
		}
		most := strconv.Itoa(r.Max)
		if row[3] == "" {
			row[3] = strconv.Itoa(ServerMax)
		}
		if d, ok := directions[row[2]]; !ok || d != r.Direction {
			t.Errorf("%s: direction %q", r.Name, row[2])
		}
		if s, ok := states[row[4]]; !ok || s != r.States {
			t.Errorf("%s: states %q", r.Name, row[4])
		}
		if row[3] != most {
			t.Errorf("%s: the document allows %s bytes, Go %s", r.Name, row[3], most)
		}
	}
	if !strings.Contains(readFile(t, documentPath), "has a body of more than 17,456 bytes") || ServerMax != 17456 {
		t.Error("the largest body of a server differs")
	}
}

func TestFlagsAgree(t *testing.T) {
	ours := map[string]uint64{
		"KEYFRAME": uint64(FlagKeyframe), "LAST": uint64(FlagLast), "REMOVE": uint64(FlagRemove),
		"SEALED": uint64(FlagSealed), "SIGNED": uint64(FlagSigned),
	}
	same(t, numbers(t, table(t, "flag", "name", "where")), uapi(t, "KCHAT_F_"), ours)
}

func TestFeaturesAgree(t *testing.T) {
	ours := map[string]uint64{
		"TLS": FeatureTLS, "BINDING": FeatureBinding, "SEALED": FeatureSealed, "REGISTER": FeatureRegister, "INVITE": FeatureInvite,
	}
	same(t, numbers(t, table(t, "feature", "name", "meaning")), uapi(t, "KCHAT_FEATURE_"), ours)
}

func TestLimitsAgree(t *testing.T) {
	ours := map[string]uint64{}
	for name, n := range map[string]uint16{
		"TEXT": LimitText, "CHUNK": LimitChunk, "NAME": LimitName, "ROOM_NAME": LimitRoomName, "ROOMS": LimitRooms,
		"MEMBERS": LimitMembers, "STREAMS": LimitStreams, "WINDOW": LimitWindow, "PING_MS": LimitPingMS,
		"SILENCE_MS": LimitSilenceMS, "LOST_MS": LimitLostMS, "SESSION_MS": LimitSessionMS, "LOGIN_MS": LimitLoginMS,
		"STORED_MS": LimitStoredMS,
	} {
		ours[name] = uint64(n)
	}
	same(t, numbers(t, table(t, "limit", "name", "unit")), uapi(t, "KCHAT_LIMIT_"), ours)
}

func TestCountersAgree(t *testing.T) {
	ours := map[string]uint64{}
	for i, name := range counterNames[1:] {
		ours[name] = uint64(i + 1)
	}
	if CounterName(CounterUptimeMS) != "UPTIME_MS" || CounterName(CounterConnections) != "CONNECTIONS" || CounterName(999) != "" {
		t.Error("the constants and names of counters differ")
	}
	same(t, numbers(t, table(t, "counter", "name", "meaning")), uapi(t, "KCHAT_C_"), ours)
}

func TestRoomFlagsAgree(t *testing.T) {
	ours := map[string]uint64{
		"PRACTICE": uint64(RoomPractice), "DIRECT": uint64(RoomDirect), "REGISTERED": uint64(RoomRegistered),
		"INVITE_ONLY": uint64(RoomInviteOnly), "MODERATED": uint64(RoomModerated), "PASSWORD": uint64(RoomPassword),
		"TOPIC_LOCKED": uint64(RoomTopicLocked),
	}
	header := uapi(t, "KCHAT_ROOM_")
	delete(header, "NAME_MAX")
	same(t, numbers(t, table(t, "room flag", "name", "meaning")), header, ours)
}

func TestActionsAgree(t *testing.T) {
	ours := map[string]uint64{
		"KICK": uint64(RuleKick), "BAN": uint64(RuleBan), "UNBAN": uint64(RuleUnban), "MUTE": uint64(RuleMute),
		"UNMUTE": uint64(RuleUnmute), "OPERATOR": uint64(RuleOperator), "NO_OPERATOR": uint64(RuleNoOperator),
		"VOICE": uint64(RuleVoice), "NO_VOICE": uint64(RuleNoVoice), "OWNER": uint64(RuleOwner),
		"REGISTER": uint64(RuleRegister), "UNREGISTER": uint64(RuleUnregister), "FLAGS": uint64(RuleFlags),
		"PASSWORD": uint64(RulePassword),
	}
	same(t, numbers(t, table(t, "action", "name", "by")), uapi(t, "KCHAT_RULE_"), ours)
}

func TestAttributesAgree(t *testing.T) {
	ours := map[string]uint64{
		"REPLY_TO": uint64(AttrReplyTo), "TARGET": uint64(AttrTarget), "THREAD": uint64(AttrThread),
		"MENTION": uint64(AttrMention), "DESCRIPTOR": uint64(AttrDescriptor), "SIGNATURE": uint64(AttrSignature),
	}
	header := uapi(t, "KCHAT_ATTR_")
	if header["CRITICAL"] != Critical {
		t.Error("the critical bit of attributes differs")
	}
	delete(header, "CRITICAL")
	same(t, numbers(t, table(t, "type", "name", "value")), header, ours)
}

func TestErrorsAndTheirSentencesAgree(t *testing.T) {
	ours := map[string]uint64{}
	rows := table(t, "number", "name", "sentence")
	for i, row := range errorRows {
		ours[row.name] = uint64(row.number)
		if i < len(rows) && rows[i][2] != row.sentence {
			t.Errorf("%s: the document says %q, Go %q", row.name, rows[i][2], row.sentence)
		}
		if row.number.Error() != row.sentence || row.number.Name() != row.name {
			t.Errorf("%d: name or sentence is not found by number", row.number)
		}
	}
	header := uapi(t, "KCHAT_E_")
	delete(header, "NONE")
	same(t, numbers(t, rows), header, ours)
}

func TestSizesAgreeWithTheHeader(t *testing.T) {
	for name, ours := range map[string]uint64{
		"VERSION": Version, "PORT": Port, "HDR_LEN": HeaderLen, "LENGTH_MIN": LengthMin, "TYPE_CRITICAL": Critical,
		"NAME_MAX": NameMax, "ROOM_NAME_MAX": RoomNameMax, "SERVER_NAME_MAX": ServerNameMax, "AGENT_MAX": AgentMax,
		"CODE_MAX": CodeMax, "SCRAM_MAX": ScramMax, "TEXT_MAX": TextMax, "ATTRS_MAX": AttrsMax, "REACTION_MAX": ReactionMax,
		"TOPIC_MAX": TopicMax, "MIME_MAX": MIMEMax, "FILE_NAME_MAX": FileNameMax, "CHUNK_MAX": ChunkMax,
		"DIRECT_MAX": DirectMax, "PING_MAX": PingMax, "REPLY_MAX": ReplyMax, "SALT_LEN": SaltLen, "KEY_LEN": KeyLen,
		"NONCE_LEN": NonceLen, "ITERATIONS_MIN": IterationsMin, "BACKLOG_DEFAULT": BacklogDefault, "BACKLOG_MAX": BacklogMax,
		"DELIVERED_STEPS": StepsMax, "REOFFERS_MAX": ReoffersMax, "SIZE_UNKNOWN": SizeUnknown, "SIZE_MAX": SizeMax,
		"PERSON_OFFLINE": uint64(PersonOffline), "PERSON_PRESENT": uint64(PersonPresent), "PERSON_AWAY": uint64(PersonAway),
		"PERSON_RECONNECTING": uint64(PersonReconnecting), "PERSON_LEFT": uint64(PersonLeft), "PERSON_LOST": uint64(PersonLost),
		"PERSON_BOT": PersonBot, "PERSON_ADMIN": PersonAdmin, "PERSON_OWNER": PersonOwner, "PERSON_OPERATOR": PersonOperator,
		"PERSON_VOICE": PersonVoice, "PERSON_MUTED": PersonMuted, "REASON_MAX": ReasonMax,
		"ROOM_PRACTICE": uint64(RoomPractice), "ROOM_DIRECT": uint64(RoomDirect),
		"JOIN_EXISTING": uint64(JoinExisting), "JOIN_BACKLOG": uint64(JoinBacklog),
		"RESUME_SESSION": ResumeSession, "RESUME_MEDIA": ResumeMedia,
		"STREAM_IMAGE": StreamImage, "STREAM_FILE": StreamFile, "STREAM_VIDEO": StreamVideo,
	} {
		if theirs, ok := uapi(t, "KCHAT_")[name]; !ok || theirs != ours {
			t.Errorf("KCHAT_%s is %d (%v), Go says %d", name, theirs, ok, ours)
		}
	}
}

// TestHeaderOffsetsAgreeWithTheDocument puts a number of its own into each field and looks where the document says.
func TestHeaderOffsetsAgreeWithTheDocument(t *testing.T) {
	h := Header{Type: 0x0201, Flags: 0x0403, Room: 0x08070605, Epoch: 11, Seq: 12, Time: 13, Sender: 14, ID: ID{15}}
	want := map[string]uint64{
		"length": 60, "type": 0x0201, "flags": 0x0403, "room": 0x08070605, "reserved": 0,
		"epoch": 11, "sequence": 12, "time": 13, "sender": 14, "id": 15,
	}
	b := h.Append(nil, 0)
	rows := table(t, "offset", "size", "field", "meaning")
	if len(rows) != len(want) {
		t.Fatalf("the document has %d fields, expected %d", len(rows), len(want))
	}
	for _, row := range rows {
		var offset, size int
		if _, err := fmt.Sscan(row[0]+" "+row[1], &offset, &size); err != nil {
			t.Fatal(err)
		}
		var n uint64
		for i := size - 1; i >= 0; i-- {
			n = n<<8 | uint64(b[offset+i])
		}
		if w, ok := want[row[2]]; !ok || w != n {
			t.Errorf("%s at %d: %d, expected %d (%v)", row[2], offset, n, w, ok)
		}
	}
}
