// SPDX-License-Identifier: GPL-2.0-only

package wire

// Decode reads the body of a frame of any known type. Bodies of types that are not known come back as Raw.
func Decode(kind Type, body []byte) (Body, error) {
	switch kind {
	case TypeHello:
		return as(ParseHello(body))
	case TypeWelcome:
		return as(ParseWelcome(body))
	case TypeAuthOK:
		return as(ParseAuthOK(body))
	case TypeResume:
		return as(ParseResume(body))
	case TypeRegister:
		return as(ParseRegister(body))
	case TypePasswd:
		return as(ParsePasswd(body))
	case TypeError:
		return as(ParseError(body))
	case TypeWhois:
		return as(ParseWhois(body))
	case TypePerson, TypePresence:
		return as(ParsePerson(body))
	case TypePeopleAre, TypeRoster:
		return as(ParsePeople(body))
	case TypeRoomsAre:
		return as(ParseRoomList(body))
	case TypeStatusIs:
		return as(ParseStatusIs(body))
	case TypeRegistered, TypePeople, TypeRooms, TypeInvite, TypeStreamAccept, TypeStreamStart:
		return as(ParseNumber(body))
	case TypeBye, TypeOK, TypeStatus, TypeLive, TypePart, TypeAck:
		if len(body) != 0 {
			return nil, ErrBadFrame
		}
		return Empty{}, nil
	case TypePing, TypePong:
		if len(body) > PingMax {
			return nil, ErrTooLong
		}
		return Raw(body), nil
	default:
		return decodeRoom(kind, body)
	}
}

// decodeRoom reads the bodies of the frames that belong to a room or a stream.
func decodeRoom(kind Type, body []byte) (Body, error) {
	switch kind {
	case TypeJoin:
		return as(ParseJoin(body))
	case TypeJoined:
		return as(ParseJoined(body))
	case TypeParted:
		return as(ParseParted(body))
	case TypeMoved:
		return as(ParseMoved(body))
	case TypeGap:
		return as(ParseGap(body))
	case TypeRule:
		return as(ParseRule(body))
	case TypeRuled:
		return as(ParseRuled(body))
	case TypeStored, TypeRead:
		return as(ParseStored(body))
	case TypeReoffer:
		return as(ParseReoffer(body))
	case TypeDirect:
		return as(ParseDirect(body))
	case TypeInvited:
		return as(ParseInvited(body))
	case TypeMsg, TypeEdit, TypeDelete, TypeReact, TypeTopic:
		return as(ParseTalk(body))
	case TypeAway:
		return as(ParseAway(body))
	case TypeTyping:
		return as(ParseTyping(body))
	case TypeDelivered:
		return as(ParseDelivered(body))
	case TypeWant:
		return as(ParseWant(body))
	case TypeBlobWant:
		return as(ParseBlobWant(body))
	case TypeStreamBegin:
		return as(ParseStreamBegin(body))
	case TypeStreamCredit:
		return as(ParseStreamCredit(body))
	case TypeStreamEnd:
		return as(ParseStreamEnd(body))
	case TypeStreamCancel:
		return as(ParseStreamCancel(body))
	case TypeStreamChunk:
		if len(body) == 0 {
			return nil, ErrBadFrame
		}
		return Raw(body), nil
	default:
		return Raw(body), nil
	}
}

// as keeps a nil interface beside an error, so that nobody works on half a body.
func as[B Body](body B, err error) (Body, error) {
	if err != nil {
		return nil, err
	}
	return body, nil
}
