package pgstore

import (
	"encoding/binary"

	"github.com/seed748fb4d1/apcsim/keystore"
)

// Keys put all of a record's name into one value whose byte order is that of the
// ids on each shelf. What precedes the id is after its own length, so that
// no two names run together. Changing them is a migration.

// place is a partition: account and Region.
func place(p keystore.Partition) []byte { return named(named(nil, p.Account), p.Region) }

// shelf is what the keys of one kind in one partition begin with.
func shelf(p keystore.Partition, k keystore.Kind) []byte { return named(place(p), string(k)) }

// key is the whole name of a record.
func key(ref *keystore.Ref) []byte { return append(shelf(ref.Partition, ref.Kind), ref.ID...) }

// indexed is what by_idx begins with for the records of one index on a shelf; the
// id follows.
func indexed(shelf []byte, index string) []byte {
	return append(binary.BigEndian.AppendUint16(shelf[:len(shelf):len(shelf)], uint16(len(index))), index...)
}

// named appends a name after its length. One that is too long to be in any key
// has the length 255, and so is in none.
func named(b []byte, name string) []byte {
	return append(append(b, byte(min(len(name), maxName+1))), name...)
}

// end is the first value after all that begin with b.
func end(b []byte) []byte {
	out := append([]byte(nil), b...)
	for i := len(out) - 1; i >= 0; i-- {
		if out[i]++; out[i] != 0 {
			return out[:i+1]
		}
	}
	return nil // of bytes 255 alone, as no key begins: null, and nothing is below it
}

// parted reads partition and kind out of a key.
func parted(key []byte) (p keystore.Partition, k keystore.Kind) {
	next := func() string {
		n := 1 + int(key[0])
		name := string(key[1:n])
		key = key[n:]
		return name
	}
	p.Account, p.Region = next(), next()
	return p, keystore.Kind(next())
}
