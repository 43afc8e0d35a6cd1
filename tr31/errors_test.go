package tr31

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestWrapRefusesInWordsThatSayWhatToChange(t *testing.T) {
	for _, c := range []struct {
		block OptionalBlock
		key   int
		want  string
	}{
		{OptionalBlock{ID: "KS", Data: "1E12765CD3609F28"}, 16,
			`opt-block-data: the data of an optional block does not have the format of its id: ` +
				`found KS with 16 characters, wanted 20 upper-case hexadecimal digits (at character 16)`},
		{OptionalBlock{ID: "IK", Data: "FFFF9876543210E00000"}, 16,
			`opt-block-data: the data of an optional block does not have the format of its id: ` +
				`found IK with 20 characters, wanted 16 upper-case hexadecimal digits (at character 16)`},
		{OptionalBlock{ID: "LB", Data: "label"}, 0, "key-length: the key is empty"},
		{OptionalBlock{ID: "LB", Data: "label"}, 20, "key-length: the length of the key does not fit its algorithm: found 20 bytes, " +
			"wanted 16 or 24 bytes for algorithm T"},
	} {
		_, err := newKBPK(t).Wrap(context.Background(), header(t, c.block), make([]byte, c.key), nil)
		if err == nil || err.Error() != "tr31: "+c.want {
			t.Errorf("Wrap(%v, %d bytes)\n got %v\nwant tr31: %s", c.block, c.key, err, c.want)
		}
	}
	if _, err := newKBPK(t).Wrap(context.Background(), header(t, OptionalBlock{ID: "KS", Data: "1E12765CD3609F28"}), make([]byte, 16),
		&WrapOptions{Strictness: Lenient}); err != nil {
		t.Errorf("lenient Wrap of an old KS = %v, want no error", err)
	}
}

func TestErrorsNameFieldAndOffset(t *testing.T) {
	good, _ := wrapped(t, Label("label").Encode(), CheckValue{ID: "KC", Value: []byte{1, 2, 3}}.Encode())
	change := func(from, to string) string { return strings.Replace(good, from, to, 1) }
	for _, c := range []struct {
		text   string
		class  Class
		field  string
		offset int
	}{
		{"F" + good[1:], ErrVersion, "version", 0},
		{change("P0TE", "ZZTE"), ErrHeaderField, "key usage", 5},
		{change("P0TE", "P0QE"), ErrHeaderField, "algorithm", 7},
		{change("P0TE", "P0TQ"), ErrHeaderField, "mode of use", 8},
		{change("P0TE00", "P0TE.0"), ErrHeaderField, "key version", 9},
		{change("00E03", "00Q03"), ErrHeaderField, "exportability", 11},
		{change("00E03", "00E0x"), ErrHeaderField, "number of optional blocks", 12},
		{change("0300LB", "0350LB"), ErrHeaderField, "key context", 14},
		{change("0300LB", "0301LB"), ErrHeaderField, "reserved", 15},
		{change("KC0C", "KC03"), ErrOptBlock, "KC", 25},
		{change("KC0C00", "KC0C09"), ErrOptBlockData, "KC", 25},
		{good[:len(good)-1] + "G", ErrHex, "key data or MAC", len(good) - 1},
	} {
		_, err := Parse(c.text, Strict)
		var e *Error
		if !errors.As(err, &e) || e.Class != c.class || e.Field != c.field || e.Offset != c.offset {
			t.Errorf("%q: got %v, want %s, %s at %d", c.text, err, c.class, c.field, c.offset)
		}
	}
}
