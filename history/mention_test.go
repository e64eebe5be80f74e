// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"context"
	"testing"

	"kchat/rooms"
)

func TestWhomAMessageMeansIsKeptAndFound(t *testing.T) {
	ctx, s := context.Background(), openTest(t)
	meant := said(2, "come here")
	meant.Mentions = []rooms.AccountID{ann, 99}
	edit := to(3, rooms.KindEdit, said(4, "all of you"))
	edit.Mentions = []rooms.AccountID{ann}
	save(t, s, said(1, "hello"), meant, said(3, "some of you"), edit)
	kept := must(s.Last(ctx, lobby, 3))(t)
	equal(t, "kept", kept[1].Message.Mentions, meant.Mentions)
	equal(t, "after an edit", kept[2].Message.Mentions, edit.Mentions)
	var found []string
	for hit, err := range s.Search(ctx, Query{Naming: []rooms.AccountID{99}}) {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, hit.Message.Text)
	}
	equal(t, "found", found, []string{"come here"})
	r := recordOf(meant)
	back, err := r.message()
	equal(t, "in a file", must(back.Mentions, err)(t), meant.Mentions)
}
