package tr34

import "testing"

func TestParseRandomRefusesWhatIsNone(t *testing.T) {
	der, err := newRandom(testNonce)
	if err != nil {
		t.Fatal(err)
	}
	good := nodes(t, der)[0]
	for _, c := range []change{
		{"another attribute", set(nil, 0, 0x2A), ErrStructure},
		{"no value", drop([]int{1}, 0), ErrStructure},
		{"two values", double([]int{1}, 0), ErrStructure},
		{"no bytes", set([]int{1}, 0), ErrStructure},
		{"another type", tag([]int{1}, 0, 0x0C), ErrStructure},
		{"something after it", insert(nil, 2, primitive(0x05)), ErrStructure},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := good.clone()
			c.edit(root)
			_, err := ParseRandom(root.bytes())
			checkRefused(t, err, c.want)
		})
	}
	_, err = ParseRandom(append(der, 0))
	checkRefused(t, err, ErrASN1)
}

func TestParseCredentialRefusesWhatIsNone(t *testing.T) {
	p := newParties(t)
	der, err := newCredential(&Credential{p.kdh.Raw, p.crl})
	if err != nil {
		t.Fatal(err)
	}
	good := takeApart(t, der)
	for _, c := range []change{
		{"no certificate", drop(inSignedData, 3), ErrStructure},
		{"two certificates", double([]int{1, 0, 3}, 0), ErrStructure},
		{"two CRLs", double([]int{1, 0, 4}, 0), ErrStructure},
		{"a signer", insert([]int{1, 0, 5}, 0, primitive(0x30)), ErrStructure},
		{"a digest algorithm", insert([]int{1, 0, 1}, 0, with(primitive(0x30), primitive(0x06, sha256OID...))), ErrStructure},
		{"content", insert([]int{1, 0, 2}, 1, with(primitive(0xA0), primitive(0x04))), ErrStructure},
		{"content of another type", set([]int{1, 0, 2}, 0, 0x2A), ErrStructure},
		{"CRLs twice", insert(inSignedData, 6, with(primitive(0xA1), primitive(0x30))), ErrStructure},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := good.clone()
			c.edit(root)
			_, err := ParseCredential(root.bytes())
			checkRefused(t, err, c.want)
		})
	}
}
