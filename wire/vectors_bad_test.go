// SPDX-License-Identifier: GPL-2.0-only

package wire

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

func badVectors() []vector {
	ping := Header{Type: TypePing, ID: markA}
	join := Header{Type: TypeJoin, ID: markA}
	begin := Header{Type: TypeStreamBegin, Room: 7, ID: idB}
	rule := Header{Type: TypeRule, Room: 7, ID: markA}
	cut := func(to int) func([]byte) []byte { return func(b []byte) []byte { return b[:to] } }
	return []vector{
		bad("A length of 0.", "OPEN", "BAD_FRAME", true, ping, Empty{}, length(0)),
		bad("A length of 59.", "OPEN", "BAD_FRAME", true, ping, Empty{}, length(59)),
		bad("A length over the maximum of the type, by one.", "OPEN", "TOO_LONG", true, ping, Raw(make([]byte, 33)), nil),
		bad("A length of 0xFFFFFFFF.", "OPEN", "TOO_LONG", true, ping, Empty{}, length(0xffffffff)),
		bad("An unknown type, longer than any may be.", "OPEN", "TOO_LONG", true, Header{Type: 0x0fff}, Empty{}, length(LengthMin+UnknownMax+1)),
		bad("A header that breaks off.", "OPEN", "incomplete", false, ping, Raw("abc"), cut(40)),
		bad("A body that breaks off.", "OPEN", "incomplete", false, ping, Raw("abc"), cut(66)),
		bad("An unknown type without the critical bit.", "OPEN", "skip", false, Header{Type: 0x0fff}, Raw("whatever"), nil),
		bad("An unknown type with the critical bit.", "OPEN", "UNKNOWN_TYPE", false, Header{Type: 0x8fff}, Raw("whatever"), nil),
		bad("A reserved field of the header that is not 0.", "OPEN", "BAD_FRAME", false, ping, Raw("abc"), setByte(12, 1)),
		bad("An epoch from a client.", "OPEN", "BAD_FRAME", false, Header{Type: TypePing, Epoch: 1}, Empty{}, nil),
		bad("A sequence from a client.", "OPEN", "BAD_FRAME", false, Header{Type: TypePing, Seq: 1}, Empty{}, nil),
		bad("A time from a client.", "OPEN", "BAD_FRAME", false, Header{Type: TypePing, Time: 1}, Empty{}, nil),
		bad("A sender from a client.", "OPEN", "BAD_FRAME", false, Header{Type: TypePing, Sender: 1}, Empty{}, nil),
		bad("A flag where it is not allowed.", "OPEN", "BAD_FRAME", false, Header{Type: TypePing, Flags: FlagKeyframe}, Empty{}, nil),
		bad("A frame before its time.", "NEW", "WRONG_STATE", false, join, Join{Name: "lobby"}, nil),
		bad("A login after the login.", "OPEN", "WRONG_STATE", false, Header{Type: TypeAuth}, Raw("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"), nil),
		bad("A message on the media connection.", "MEDIA", "WRONG_STATE", false, Header{Type: TypeMsg, Room: 7, ID: idA}, Talk{Text: []byte("x")}, nil),
		bad("A frame that only a server sends.", "OPEN", "WRONG_STATE", false, Header{Type: TypeLive, Room: 7}, Empty{}, nil),
		bad("Version 2.", "NEW", "VERSION", true, Header{Type: TypeHello}, Hello{Version: 2, Agent: "x"}, nil),
		bad("An agent that is longer than the body.", "NEW", "BAD_FRAME", false, Header{Type: TypeHello}, Hello{Version: 1, Agent: "x"}, setByte(66, 2)),
		bad("An agent that is shorter than the body.", "NEW", "BAD_FRAME", false, Header{Type: TypeHello}, Hello{Version: 1, Agent: "x"}, setByte(66, 0)),
		bad("A body that is too short for its type.", "NEW", "BAD_FRAME", false, Header{Type: TypeHello}, Hello{Version: 1}, cutBody(1)),
		bad("A third kind of resume.", "GREETED", "BAD_FRAME", false, Header{Type: TypeResume}, Resume{Kind: 2}, nil),
		bad("A reserved byte of a body that is not 0.", "GREETED", "BAD_FRAME", false, Header{Type: TypeResume}, Resume{}, setByte(64+9, 1)),
		bad("A room without a name.", "OPEN", "ROOM_NAME", false, join, Join{}, nil),
		bad("A room's name that is only the sign before it.", "OPEN", "ROOM_NAME", false, join, Join{Name: "#"}, nil),
		bad("A room's name with two signs before it.", "OPEN", "ROOM_NAME", false, join, Join{Name: "##lobby"}, nil),
		bad("A room's name with a space at its end.", "OPEN", "ROOM_NAME", false, join, Join{Name: "lobby "}, nil),
		bad("A room's name with a control character.", "OPEN", "ROOM_NAME", false, join, Join{Name: "lob\nby"}, nil),
		bad("A room's name that is not UTF-8.", "OPEN", "ROOM_NAME", false, join, Join{Name: "lob\xffby"}, nil),
		bad("A room's name longer than the body.", "OPEN", "BAD_FRAME", false, join, Join{Name: "lobby"}, setByte(64+22, 6)),
		bad("Typing neither begins nor ends.", "OPEN", "BAD_FRAME", false, Header{Type: TypeTyping, Room: 7}, Typing{}, setByte(64, 2)),
		bad("A join with half of a proof.", "OPEN", "BAD_FRAME", false, join, Join{Name: "lobby", Proof: make([]byte, KeyLen-1)}, nil),
		bad("No action.", "OPEN", "BAD_FRAME", false, rule, Ruling{Account: 5}, nil),
		bad("An action that there is not.", "OPEN", "BAD_FRAME", false, rule, Ruling{Action: RulePassword + 1}, nil),
		bad("A kick of nobody.", "OPEN", "BAD_FRAME", false, rule, Ruling{Action: RuleKick}, nil),
		bad("A kick for an hour.", "OPEN", "BAD_FRAME", false, rule, Ruling{Action: RuleKick, Account: 5, Seconds: 3600}, nil),
		bad("Flags of somebody.", "OPEN", "BAD_FRAME", false, rule, Ruling{Action: RuleFlags, Account: 5}, nil),
		bad("A flag that is not set by FLAGS.", "OPEN", "BAD_FRAME", false, rule, Ruling{Action: RuleFlags, Seconds: RoomPassword}, nil),
		bad("A key of 31 bytes.", "OPEN", "BAD_FRAME", false, rule, Ruling{Action: RulePassword, Text: string(make([]byte, 31))}, nil),
		bad("A reason that is not UTF-8.", "OPEN", "UTF8", false, rule, Ruling{Action: RuleKick, Account: 5, Text: "\xff"}, nil),
		bad("A reason of two lines.", "OPEN", "BAD_FRAME", false, rule, Ruling{Action: RuleKick, Account: 5, Text: "a\nb"}, nil),
		bad("A reason of 257 bytes.", "OPEN", "TOO_LONG", true, rule, Ruling{Action: RuleKick, Account: 5, Text: strings.Repeat("x", ReasonMax+1)}, nil),
		bad("A reserved byte of RULE that is not 0.", "OPEN", "BAD_FRAME", false, rule, Ruling{Action: RuleKick, Account: 5}, setByte(64+1, 1)),
		bad("Neither away nor back.", "OPEN", "BAD_FRAME", false, Header{Type: TypeAway}, Away{}, setByte(64, 2)),
		bad("Away, with a reserved byte that is not 0.", "OPEN", "BAD_FRAME", false, Header{Type: TypeAway}, Away{On: true}, setByte(64+3, 1)),
		bad("A read mark one byte short.", "OPEN", "BAD_FRAME", false, Header{Type: TypeRead, Room: 7}, Stored{}, cutBody(1)),
		bad("A WANT one byte short.", "OPEN", "BAD_FRAME", false, Header{Type: TypeWant, Room: 7}, Want{}, cutBody(1)),
		bad("A stream of no kind.", "OPEN", "BAD_FRAME", false, begin, StreamBegin{}, nil),
		bad("A stream that begins after its end.", "OPEN", "BAD_FRAME", false, begin, StreamBegin{Size: 1, Offset: 2, Kind: StreamFile}, nil),
		bad("A stream of a known size of 2^63.", "OPEN", "BAD_FRAME", false, begin, StreamBegin{Size: SizeMax + 1, Kind: StreamFile}, nil),
		bad("A stream of unknown size that begins at 2^63.", "OPEN", "BAD_FRAME", false, begin, StreamBegin{Size: SizeUnknown, Offset: SizeMax + 1, Kind: StreamVideo}, nil),
		bad("A stream's MIME type that eats its name.", "OPEN", "BAD_FRAME", false, begin, StreamBegin{Size: 1, Kind: StreamFile, MIME: "a/b", Name: "c"}, setByte(64+72, 5)),
		bad("An empty chunk.", "MEDIA", "BAD_FRAME", false, Header{Type: TypeStreamChunk, Room: 7, ID: idB}, Empty{}, nil),
		bad("A chunk of 16,385 bytes.", "MEDIA", "TOO_LONG", true, Header{Type: TypeStreamChunk, Room: 7, ID: idB}, Raw(make([]byte, ChunkMax+1)), nil),
		bad("A re-offer of what is not a lasting frame.", "OPEN", "BAD_FRAME", false, Header{Type: TypeReoffer, Room: 7, ID: idA}, Reoffer{To: 5, Type: TypePresence}, nil),
		bad("A WHOIS whose name is longer than the body.", "OPEN", "BAD_FRAME", false, Header{Type: TypeWhois}, Whois{Login: "x"}, setByte(64+8, 9)),
	}
}

func badTalkVectors() []vector {
	msg := Header{Type: TypeMsg, Room: 7, ID: idA}
	of := func(kind Type) Header { return Header{Type: kind, Room: 7, ID: idB} }
	attr := func(number uint16, value string) Raw {
		attrs := append(u16(u16(nil, number), uint16(len(value))), value...)
		return Raw(append(zeros(u16(nil, uint16(len(attrs))), 6), attrs...))
	}
	twice := append(u16(u16(nil, AttrDescriptor), descriptorFixed), (&Descriptor{}).append(nil)...)
	twice = append(twice, twice...)
	return []vector{
		bad("A message without a text.", "OPEN", "EMPTY", false, msg, Talk{}, nil),
		bad("A message that is not UTF-8.", "OPEN", "UTF8", false, msg, Talk{Text: []byte("a\xc3")}, nil),
		bad("A message with half of a surrogate pair.", "OPEN", "UTF8", false, msg, Talk{Text: []byte("\xed\xa0\x80")}, nil),
		bad("A message with an overlong form.", "OPEN", "UTF8", false, msg, Talk{Text: []byte("\xc0\xaf")}, nil),
		bad("A message with an escape character.", "OPEN", "BAD_FRAME", false, msg, Talk{Text: []byte("\x1b[31mred")}, nil),
		bad("A message with a carriage return.", "OPEN", "BAD_FRAME", false, msg, Talk{Text: []byte("a\r\nb")}, nil),
		bad("A message with a zero byte.", "OPEN", "BAD_FRAME", false, msg, Talk{Text: []byte("a\x00b")}, nil),
		bad("A message with a delete character.", "OPEN", "BAD_FRAME", false, msg, Talk{Text: []byte("a\x7fb")}, nil),
		bad("A text that is too long, in a frame that is not.", "OPEN", "BAD_FRAME", false, msg, Talk{Text: bytes.Repeat([]byte("x"), TextMax+1)}, nil),
		bad("A message longer than the type allows.", "OPEN", "TOO_LONG", true, msg, Talk{Text: make([]byte, TextMax+AttrsMax+1)}, nil),
		bad("Attributes longer than the body.", "OPEN", "BAD_FRAME", false, msg, Talk{Text: []byte("abc")}, setByte(64, 4)),
		bad("Attributes longer than they may be.", "OPEN", "BAD_FRAME", false, msg, Talk{Text: make([]byte, AttrsMax+8)}, setByte(65, 5)),
		bad("An attribute longer than the attributes.", "OPEN", "BAD_FRAME", false, msg, Talk{ReplyTo: idA, Text: []byte("abc")}, setByte(64+10, 17)),
		bad("An attribute whose head breaks off.", "OPEN", "BAD_FRAME", false, msg, Talk{Text: []byte("abc")}, setByte(64, 3)),
		bad("An answer to an id of 15 bytes.", "OPEN", "BAD_FRAME", false, msg, attr(AttrReplyTo, "123456789012345"), nil),
		bad("A critical attribute that is not known.", "OPEN", "BAD_FRAME", false, msg, append(attr(0x8abc, "?"), 'x'), nil),
		bad("Two descriptors.", "OPEN", "BAD_FRAME", false, msg, Raw(append(zeros(u16(nil, uint16(len(twice))), 6), twice...)), nil),
		bad("A descriptor that breaks off.", "OPEN", "BAD_FRAME", false, msg, attr(AttrDescriptor, "short"), nil),
		bad("An edit of nothing.", "OPEN", "BAD_FRAME", false, of(TypeEdit), Talk{Text: []byte("x")}, nil),
		bad("An edit to nothing.", "OPEN", "EMPTY", false, of(TypeEdit), Talk{Target: idA}, nil),
		bad("A deletion of nothing.", "OPEN", "BAD_FRAME", false, of(TypeDelete), Talk{}, nil),
		bad("A deletion with a text.", "OPEN", "BAD_FRAME", false, of(TypeDelete), Talk{Target: idA, Text: []byte("x")}, nil),
		bad("A reaction without one.", "OPEN", "EMPTY", false, of(TypeReact), Talk{Target: idA}, nil),
		bad("A reaction of 65 bytes.", "OPEN", "BAD_FRAME", false, of(TypeReact), Talk{Target: idA, Text: bytes.Repeat([]byte("x"), ReactionMax+1)}, nil),
		bad("A topic of 257 bytes.", "OPEN", "BAD_FRAME", false, of(TypeTopic), Talk{Text: bytes.Repeat([]byte("x"), TopicMax+1)}, nil),
	}
}

// scramVectors are the exchange of RFC 7677, section 3, and what kchat computes on top of it.
func scramVectors(t *testing.T) []vector {
	const nonce, login, password = "rOprNGfwEbeRWgbNEkqO", "user", "pencil"
	const serverFirst = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
	const serverFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
	s := NewScram(login, nonce)
	c, err := s.ParseChallenge([]byte(serverFirst))
	if err != nil {
		t.Fatal(err)
	}
	final, err := s.Final(c, password)
	if err != nil {
		t.Fatal(err)
	}
	session, err := s.Verify([]byte(serverFinal))
	if err != nil {
		t.Fatal(err)
	}
	salt, err := base64.StdEncoding.DecodeString("W22ZaJ0SNY7soEsUEjb6gQ==")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := DeriveKeys(password, [SaltLen]byte(salt), 4096)
	if err != nil {
		t.Fatal(err)
	}
	resume := ResumeProof(session, ResumeSession, uuidA, nonceA)
	resumed := ResumedProof(session, ResumeSession, uuidA, nonceA)
	v := vector{meaning: []string{
		"The exchange of RFC 7677, section 3, and the sums that kchat adds to it. It has no frame.",
	}}
	for _, f := range [][2]string{
		{"login", login},
		{"password", password},
		{"client_first", string(s.First())},
		{"server_first", serverFirst},
		{"client_final", string(final)},
		{"server_final", serverFinal},
		{"salt", fmt.Sprintf("%x", salt)},
		{"iterations", "4096"},
		{"stored_key", fmt.Sprintf("%x", keys.StoredKey)},
		{"server_key", fmt.Sprintf("%x", keys.ServerKey)},
		{"session_key", fmt.Sprintf("%x", session)},
		{"server_nonce", fmt.Sprintf("%x", uuidA)},
		{"client_nonce", fmt.Sprintf("%x", nonceA)},
		{"resume_kind", "0"},
		{"resume_proof", fmt.Sprintf("%x", resume)},
		{"resumed_proof", fmt.Sprintf("%x", resumed)},
	} {
		v.set(f[0], f[1])
	}
	return []vector{v}
}
