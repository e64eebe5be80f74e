// SPDX-License-Identifier: GPL-2.0-only

package genl

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// enum reads an enum of kmod/uapi/kchat_netlink.h whose members count up, less its first (UNSPEC) and its sentinel.
func enum(t *testing.T, name string) []string {
	t.Helper()
	header, err := os.ReadFile("../../kmod/uapi/kchat_netlink.h")
	if err != nil {
		t.Fatal(err)
	}
	_, text, ok := strings.Cut(string(header), "enum "+name+" {")
	if !ok {
		t.Fatalf("the header has no enum %s", name)
	}
	text, _, _ = strings.Cut(text, "};")
	text = regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(text, "")
	var names []string
	for member := range strings.SplitSeq(text, ",") {
		member = strings.TrimSpace(member)
		value := ""
		if member, value, ok = strings.Cut(member, "="); ok && strings.TrimSpace(value) != "0" && len(names) == 0 {
			t.Fatalf("enum %s does not count from 0: %s = %s", name, member, value)
		}
		if member = strings.TrimSpace(member); member != "" && !strings.HasPrefix(member, "__") {
			names = append(names, member)
		}
	}
	return names[1:]
}

func agree(t *testing.T, name string, ours map[string]int) {
	t.Helper()
	members := enum(t, name)
	if len(members) != len(ours) {
		t.Errorf("enum %s has %d members, we have %d", name, len(members), len(ours))
	}
	for i, member := range members {
		if ours[member] != i+1 {
			t.Errorf("%s is %d in the header, %d here", member, i+1, ours[member])
		}
	}
}

func TestCommandsAgreeWithTheHeader(t *testing.T) {
	agree(t, "kchat_cmd", map[string]int{
		"KCHAT_CMD_START":            cmdStart,
		"KCHAT_CMD_STOP":             cmdStop,
		"KCHAT_CMD_STATUS":           cmdStatus,
		"KCHAT_CMD_ACCOUNT_SET":      cmdAccountSet,
		"KCHAT_CMD_ACCOUNT_DEL":      cmdAccountDel,
		"KCHAT_CMD_ACCOUNT_GET":      cmdAccountGet,
		"KCHAT_CMD_SERVICE":          cmdService,
		"KCHAT_CMD_REGISTER_REQUEST": cmdRegisterRequest,
		"KCHAT_CMD_PASSWD_REQUEST":   cmdPasswdRequest,
		"KCHAT_CMD_DECISION":         cmdDecision,
		"KCHAT_CMD_ROOM_GET":         cmdRoomGet,
		"KCHAT_CMD_SESSION_GET":      cmdSessionGet,
		"KCHAT_CMD_PARAM_SET":        cmdParamSet,
		"KCHAT_CMD_PARAM_GET":        cmdParamGet,
		"KCHAT_CMD_ETHER_SET":        cmdEtherSet,
		"KCHAT_CMD_ETHER_GET":        cmdEtherGet,
		"KCHAT_CMD_KICK":             cmdKick,
		"KCHAT_CMD_EVENT":            cmdEvent,
		"KCHAT_CMD_PEER_SET":         cmdPeerSet,
		"KCHAT_CMD_PEER_DEL":         cmdPeerDel,
		"KCHAT_CMD_PEER_GET":         cmdPeerGet,
		"KCHAT_CMD_DRAIN":            cmdDrain,
		"KCHAT_CMD_ROOM_SET":         cmdRoomSet,
		"KCHAT_CMD_ROOM_DEL":         cmdRoomDel,
		"KCHAT_CMD_ROOM_REQUEST":     cmdRoomRequest,
		"KCHAT_CMD_ROOM_RECORD":      cmdRoomRecord,
		"KCHAT_CMD_STANDING_GET":     cmdStandingGet,
		"KCHAT_CMD_RULE":             cmdRule,
	})
}

func TestAttributesAgreeWithTheHeader(t *testing.T) {
	agree(t, "kchat_nla", map[string]int{
		"KCHAT_A_PAD":              attrPad,
		"KCHAT_A_SERVER_UUID":      attrServerUUID,
		"KCHAT_A_COMMUNITY_UUID":   attrCommunityUUID,
		"KCHAT_A_SERVER_NAME":      attrServerName,
		"KCHAT_A_GENERATION":       attrGeneration,
		"KCHAT_A_SECRET":           attrSecret,
		"KCHAT_A_ITERATIONS":       attrIterations,
		"KCHAT_A_PORT":             attrPort,
		"KCHAT_A_ADDR":             attrAddr,
		"KCHAT_A_REGISTER":         attrRegister,
		"KCHAT_A_RUNNING":          attrRunning,
		"KCHAT_A_ACCOUNT":          attrAccount,
		"KCHAT_A_NAME":             attrName,
		"KCHAT_A_LOGIN":            attrLogin,
		"KCHAT_A_FLAGS":            attrFlags,
		"KCHAT_A_SALT":             attrSalt,
		"KCHAT_A_STORED_KEY":       attrStoredKey,
		"KCHAT_A_SERVER_KEY":       attrServerKey,
		"KCHAT_A_COOKIE":           attrCookie,
		"KCHAT_A_CODE":             attrCode,
		"KCHAT_A_LOOPBACK":         attrLoopback,
		"KCHAT_A_PEER":             attrPeer,
		"KCHAT_A_ERROR":            attrError,
		"KCHAT_A_ROOM":             attrRoom,
		"KCHAT_A_ROOM_NAME":        attrRoomName,
		"KCHAT_A_ROOM_FLAGS":       attrRoomFlags,
		"KCHAT_A_EPOCH":            attrEpoch,
		"KCHAT_A_SEQ":              attrSeq,
		"KCHAT_A_PEOPLE":           attrPeople,
		"KCHAT_A_LOG_BYTES":        attrLogBytes,
		"KCHAT_A_SESSION":          attrSession,
		"KCHAT_A_SINCE_MS":         attrSinceMS,
		"KCHAT_A_STATE":            attrState,
		"KCHAT_A_ROOM_COUNT":       attrRoomCount,
		"KCHAT_A_LAG":              attrLag,
		"KCHAT_A_BYTES_IN":         attrBytesIn,
		"KCHAT_A_BYTES_OUT":        attrBytesOut,
		"KCHAT_A_COUNTER":          attrCounter,
		"KCHAT_A_COUNTER_ID":       attrCounterID,
		"KCHAT_A_COUNTER_VALUE":    attrCounterValue,
		"KCHAT_A_MODULE_VERSION":   attrModuleVersion,
		"KCHAT_A_PARAM_NAME":       attrParamName,
		"KCHAT_A_PARAM_VALUE":      attrParamValue,
		"KCHAT_A_PARAM_MIN":        attrParamMin,
		"KCHAT_A_PARAM_MAX":        attrParamMax,
		"KCHAT_A_UDP_PORT":         attrUDPPort,
		"KCHAT_A_OUTER_PORT":       attrOuterPort,
		"KCHAT_A_IFNAME":           attrIfname,
		"KCHAT_A_IFINDEX":          attrIfindex,
		"KCHAT_A_ETHER":            attrEther,
		"KCHAT_A_PROXY_FROM":       attrProxyFrom,
		"KCHAT_A_PREFIX_LEN":       attrPrefixLen,
		"KCHAT_A_UID":              attrUID,
		"KCHAT_A_EVENT":            attrEvent,
		"KCHAT_A_EVENTS_LOST":      attrEventsLost,
		"KCHAT_A_COMMUNITY_SECRET": attrCommunitySecret, "KCHAT_A_HOST": attrHost, "KCHAT_A_PEER_STATE": attrPeerState,
		"KCHAT_A_HEARD_MS": attrHeardMS, "KCHAT_A_LOAD": attrLoad, "KCHAT_A_SUCCESSOR": attrSuccessor,
		"KCHAT_A_ROOMS_LEFT":     attrRoomsLeft,
		"KCHAT_A_OWNER":          attrOwner,
		"KCHAT_A_KEEPER":         attrKeeper,
		"KCHAT_A_BACKLOG":        attrBacklog,
		"KCHAT_A_CREATED":        attrCreated,
		"KCHAT_A_TOPIC":          attrTopic,
		"KCHAT_A_ROOM_KEY":       attrRoomKey,
		"KCHAT_A_STANDING":       attrStanding,
		"KCHAT_A_STANDING_FLAGS": attrStandingFlags,
		"KCHAT_A_BANNED_UNTIL":   attrBannedUntil,
		"KCHAT_A_MUTED_UNTIL":    attrMutedUntil,
		"KCHAT_A_INVITED_UNTIL":  attrInvitedUntil,
		"KCHAT_A_KEEP":           attrKeep,
		"KCHAT_A_ACTION":         attrAction,
		"KCHAT_A_SECONDS":        attrSeconds,
		"KCHAT_A_REASON":         attrReason,
		"KCHAT_A_BY":             attrBy,
	})
}

func TestRegistrationAgreesWithTheHeader(t *testing.T) {
	agree(t, "kchat_register", map[string]int{
		"KCHAT_REGISTER_LOOPBACK": int(RegisterLoopback), "KCHAT_REGISTER_INVITE": int(RegisterInvite),
		"KCHAT_REGISTER_CODE": int(RegisterCode), "KCHAT_REGISTER_OPEN": int(RegisterOpen),
	})
}

func TestEventsAgreeWithTheHeader(t *testing.T) {
	agree(t, "kchat_event", map[string]int{
		"KCHAT_EVENT_LOGIN": eventLogin, "KCHAT_EVENT_LOGOUT": eventLogout, "KCHAT_EVENT_JOIN": eventJoin,
		"KCHAT_EVENT_PART": eventPart, "KCHAT_EVENT_ROOM_MADE": eventRoomMade, "KCHAT_EVENT_ROOM_GONE": eventRoomGone,
		"KCHAT_EVENT_KICK": eventKick, "KCHAT_EVENT_LIMIT": eventLimit, "KCHAT_EVENT_PEER": eventPeer,
		"KCHAT_EVENT_DRAINED": eventDrained, "KCHAT_EVENT_RULE": eventRule,
	})
}
