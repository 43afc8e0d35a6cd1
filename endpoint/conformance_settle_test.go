package endpoint_test

// How a world begins, over the wire from the first key on.

func (s *settling) settle() {
	kek := s.key(
		attributes("TR31_K1_KEY_BLOCK_PROTECTION_KEY", "SYMMETRIC_KEY", "AES_256", cipherModes...),
		object{"Enabled": true, "KeyCheckValueAlgorithm": "CMAC"},
	)
	pin := s.key(attributes("TR31_P0_PIN_ENCRYPTION_KEY", "SYMMETRIC_KEY", "TDES_2KEY", cipherModes...),
		object{"Tags": []any{object{"Key": "stage", "Value": "test"}, object{"Key": "owner", "Value": ""}}})
	s.key(
		attributes("TR31_M7_HMAC_KEY", "SYMMETRIC_KEY", "HMAC_SHA256", "Generate", "Verify"),
		object{"KeyCheckValueAlgorithm": "HMAC", "Enabled": false},
	)
	s.aliases(kek, pin)
	s.tags(pin)
	s.deletions()
	s.pages(kek, pin)
	s.exchange(kek, pin)
	s.policies(kek)
	s.regions()
	s.approvals(
		text(
			s.once(
				"GetPublicKeyCertificate",
				object{
					"KeyIdentifier": s.key(
						attributes("TR31_S0_ASYMMETRIC_KEY_FOR_DIGITAL_SIGNATURE", "ASYMMETRIC_KEY_PAIR", "RSA_2048", "Sign"),
						nil,
					),
				},
			),
			"KeyCertificateChain",
		),
	)
}

func (s *settling) aliases(kek, pin string) {
	s.once("CreateAlias", object{"AliasName": "alias/pin", "KeyArn": pin})
	s.once("CreateAlias", object{"AliasName": "alias/nothing"})
	s.once("CreateAlias", object{"AliasName": "alias/old"})
	s.do("CreateAlias", object{"AliasName": "alias/fresh", "KeyArn": kek})
	s.once("DeleteAlias", object{"AliasName": "alias/fresh"})
	s.do("GetAlias", object{"AliasName": "alias/pin"})
	s.do("GetAlias", object{"AliasName": "alias/nothing"})
	s.do("UpdateAlias", object{"AliasName": "alias/nothing", "KeyArn": kek})
	s.do("UpdateAlias", object{"AliasName": "alias/nothing"})
	s.do("DeleteAlias", object{"AliasName": "alias/old"})
	s.once("CreateAlias", object{"AliasName": "alias/old"})
	s.do("GetKey", object{"KeyIdentifier": "alias/pin"})
	s.do("GetKey", object{"KeyIdentifier": "arn:aws:payment-cryptography:us-east-1:111122223333:alias/pin"})
	s.do("GetKey", object{"KeyIdentifier": pin})
}

func (s *settling) tags(key string) {
	s.do(
		"TagResource",
		object{"ResourceArn": key, "Tags": []any{object{"Key": "größe", "Value": "☃"}, object{"Key": "quote\"\\\u2028", "Value": "<&>"}}},
	)
	s.do("UntagResource", object{"ResourceArn": key, "TagKeys": []any{"stage", "never was"}})
	s.once("TagResource", object{"ResourceArn": key, "Tags": []any{object{"Key": "stage", "Value": "test"}}})
	s.do("ListTagsForResource", object{"ResourceArn": key})
	page := s.do("ListTagsForResource", object{"ResourceArn": key, "MaxResults": 1})
	s.do("ListTagsForResource", object{"ResourceArn": key, "NextToken": text(page, "NextToken")})
}

// deletions are keys that are deleted and restored.
func (s *settling) deletions() {
	mac := attributes("TR31_M3_ISO_9797_3_MAC_KEY", "SYMMETRIC_KEY", "TDES_3KEY", "Generate", "Verify")
	stopped, going, leaving, waiting := s.key(mac, nil), s.key(mac, object{"Exportable": false}), s.key(mac, nil), s.key(mac, nil)
	s.do("StopKeyUsage", object{"KeyIdentifier": stopped})
	s.do("StartKeyUsage", object{"KeyIdentifier": stopped})
	s.once("StopKeyUsage", object{"KeyIdentifier": stopped})
	s.do("DeleteKey", object{"KeyIdentifier": going})
	s.once("RestoreKey", object{"KeyIdentifier": going})
	s.do("DeleteKey", object{"KeyIdentifier": leaving, "DeleteKeyInDays": 180})
	s.once("RestoreKey", object{"KeyIdentifier": leaving})
	s.once("DeleteKey", object{"KeyIdentifier": waiting})
	s.do("RestoreKey", object{"KeyIdentifier": waiting})
	s.once("DeleteKey", object{"KeyIdentifier": waiting, "DeleteKeyInDays": 3})
	s.do("GetKey", object{"KeyIdentifier": waiting})
}

func (s *settling) pages(kek, pin string) {
	s.do("ListKeys", object{})
	s.do("ListKeys", object{"KeyState": "DELETE_PENDING"})
	page := s.do("ListKeys", object{"KeyState": "CREATE_COMPLETE", "MaxResults": 2})
	s.do("ListKeys", object{"KeyState": "CREATE_COMPLETE", "MaxResults": 100, "NextToken": text(page, "NextToken")})
	s.do("ListAliases", object{})
	s.do("ListAliases", object{"KeyArn": pin})
	page = s.do("ListAliases", object{"MaxResults": 1})
	s.do("ListAliases", object{"NextToken": text(page, "NextToken")})
}

// exchange sends keys out in every form and brings them in again: the simulator
// is its own other party.
func (s *settling) exchange(kek, pin string) {
	agreeing := attributes("TR31_K3_ASYMMETRIC_KEY_FOR_KEY_AGREEMENT", "ASYMMETRIC_KEY_PAIR", "ECC_NIST_P256", "DeriveKey")
	pair, other := s.key(agreeing, object{"DeriveKeyUsage": "TR31_K1_KEY_BLOCK_PROTECTION_KEY"}), s.key(
		agreeing,
		object{"DeriveKeyUsage": "TR31_K0_KEY_ENCRYPTION_KEY"},
	)
	signing := s.key(attributes("TR31_S0_ASYMMETRIC_KEY_FOR_DIGITAL_SIGNATURE", "ASYMMETRIC_KEY_PAIR", "RSA_2048", "Sign"), nil)
	signed := s.do("GetPublicKeyCertificate", object{"KeyIdentifier": signing})
	root, leaf := text(signed, "KeyCertificateChain"), text(signed, "KeyCertificate")

	verify := func(algorithm string) object {
		return attributes("TR31_S0_ASYMMETRIC_KEY_FOR_DIGITAL_SIGNATURE", "PUBLIC_KEY", algorithm, "Verify")
	}
	ca := s.bring("RootCertificatePublicKey", object{"KeyAttributes": verify("RSA_4096"), "PublicKeyCertificate": root})
	s.bring(
		"TrustedCertificatePublicKey",
		object{
			"KeyAttributes": attributes("TR31_D1_ASYMMETRIC_KEY_FOR_DATA_ENCRYPTION", "PUBLIC_KEY", "RSA_2048",
				"Encrypt", "Wrap"),
			"PublicKeyCertificate":                    leaf,
			"CertificateAuthorityPublicKeyIdentifier": ca,
		},
	)
	s.requests(signing, pair)
	s.blocks(kek, pin)
	s.variants(pin)
	curveRoot := text(s.do("GetPublicKeyCertificate", object{"KeyIdentifier": pair}), "KeyCertificateChain")
	curveCA := s.bring("RootCertificatePublicKey", object{"KeyAttributes": verify("ECC_NIST_P521"), "PublicKeyCertificate": curveRoot})
	s.agreements(pair, other, curveCA, pin)
	s.tokens(signing, leaf, ca, pin)
}

// bring imports key material and returns the key's ARN.
func (s *settling) bring(arm string, material object) string {
	return text(
		s.do(
			"ImportKey",
			object{
				"KeyMaterial":      object{arm: material},
				"Enabled":          true,
				"Tags":             []any{object{"Key": "came", "Value": arm}},
				"RequesterComment": "for a partner",
			},
		),
		"Key",
		"KeyArn",
	)
}

// send exports a key and returns the material.
func (s *settling) send(key, arm string, material object, more object) string {
	body := object{"ExportKeyIdentifier": key, "KeyMaterial": object{arm: material}}
	if more != nil {
		body["ExportAttributes"] = more
	}
	return text(s.do("ExportKey", body), "WrappedKey", "KeyMaterial")
}

func (s *settling) requests(signing, pair string) {
	s.do("GetCertificateSigningRequest", object{"KeyIdentifier": signing, "SigningAlgorithm": "SHA384", "CertificateSubject": object{
		"CommonName": "pay.example", "OrganizationUnit": "Keys", "Organization": "Größe & Co", "City": "Zürich",
		"Country": "CH", "StateOrProvince": "ZH", "EmailAddress": "keys@pay.example"}})
	s.do(
		"GetCertificateSigningRequest",
		object{"KeyIdentifier": pair, "SigningAlgorithm": "SHA256", "CertificateSubject": object{"CommonName": "alone"}},
	)
}

func (s *settling) blocks(kek, pin string) {
	block := s.send(pin, "Tr31KeyBlock", object{"WrappingKeyIdentifier": kek}, object{"KeyCheckValueAlgorithm": "ANSI_X9_24"})
	s.bring("Tr31KeyBlock", object{"WrappingKeyIdentifier": kek, "WrappedKeyBlock": block})
	s.send("alias/pin", "Tr31KeyBlock", object{"WrappingKeyIdentifier": kek, "KeyBlockHeaders": object{
		"KeyModesOfUse": object{"Encrypt": true, "Wrap": true}, "KeyExportability": "NON_EXPORTABLE", "KeyVersion": "01",
		"OptionalBlocks": object{"LB": "Label"}}}, nil)
	bdk := s.key(attributes("TR31_B0_BASE_DERIVATION_KEY", "SYMMETRIC_KEY", "TDES_2KEY", "DeriveKey"), nil)
	s.send(
		bdk,
		"Tr31KeyBlock",
		object{"WrappingKeyIdentifier": kek},
		object{"ExportDukptInitialKey": object{"KeySerialNumber": "FFFF9876543210E00000"}},
	)
}

func (s *settling) variants(pin string) {
	kek := s.key(attributes("TR31_K0_KEY_ENCRYPTION_KEY", "SYMMETRIC_KEY", "TDES_2KEY", cipherModes...), nil)
	out := s.send(
		pin,
		"As2805KeyCryptogram",
		object{"WrappingKeyIdentifier": kek, "As2805KeyVariant": "PIN_ENCRYPTION_KEY_VARIANT_28"},
		nil,
	)
	s.bring(
		"As2805KeyCryptogram",
		object{"As2805KeyVariant": "PIN_ENCRYPTION_KEY_VARIANT_28", "KeyAlgorithm": "TDES_2KEY", "Exportable": true,
			"KeyModesOfUse": object{
				"Encrypt": true,
				"Decrypt": true,
				"Wrap":    true,
				"Unwrap":  true,
			}, "WrappingKeyIdentifier": kek, "WrappedKeyCryptogram": out},
	)
}

func (s *settling) agreements(pair, other, ca, pin string) {
	arm := func(mine, theirs string) object {
		peer := text(s.do("GetPublicKeyCertificate", object{"KeyIdentifier": theirs}), "KeyCertificate")
		return object{
			"PrivateKeyIdentifier":                    mine,
			"CertificateAuthorityPublicKeyIdentifier": ca,
			"PublicKeyCertificate":                    peer,
			"DeriveKeyAlgorithm":                      "AES_256",
			"KeyDerivationFunction":                   "NIST_SP800",
			"KeyDerivationHashAlgorithm":              "SHA_256",
			"DerivationData":                          object{"SharedInformation": "00A1b2"},
		}
	}
	block := s.send(pin, "DiffieHellmanTr31KeyBlock", arm(pair, other), nil)
	in := arm(other, pair)
	in["WrappedKeyBlock"] = block
	s.bring("DiffieHellmanTr31KeyBlock", in)
}

// tokens are parameters, and fields that are sent with them or without.
func (s *settling) tokens(signing, signed, ca, pin string) {
	in := s.do("GetParametersForImport", object{"KeyMaterialType": "TR34_KEY_BLOCK", "WrappingKeyAlgorithm": "RSA_2048"})
	out := s.do(
		"GetParametersForExport",
		object{"KeyMaterialType": "TR34_KEY_BLOCK", "SigningKeyAlgorithm": "RSA_2048", "ReuseLastGeneratedToken": true},
	)
	forCryptograms := s.do(
		"GetParametersForImport",
		object{"KeyMaterialType": "KEY_CRYPTOGRAM", "WrappingKeyAlgorithm": "RSA_3072", "ReuseLastGeneratedToken": true},
	)

	cryptogram := s.send(pin, "KeyCryptogram", object{"CertificateAuthorityPublicKeyIdentifier": ca,
		"WrappingKeyCertificate": text(forCryptograms, "WrappingKeyCertificate"), "WrappingSpec": "RSA_OAEP_SHA_512"}, nil)
	s.bring(
		"KeyCryptogram",
		object{
			"KeyAttributes":        attributes("TR31_P0_PIN_ENCRYPTION_KEY", "SYMMETRIC_KEY", "TDES_2KEY", cipherModes...),
			"Exportable":           false,
			"WrappedKeyCryptogram": cryptogram,
			"ImportToken":          text(forCryptograms, "ImportToken"),
			"WrappingSpec":         "RSA_OAEP_SHA_512",
		},
	)

	arm := object{"CertificateAuthorityPublicKeyIdentifier": ca, "WrappingKeyCertificate": text(in, "WrappingKeyCertificate"),
		"ExportToken": text(out, "ExportToken"), "KeyBlockFormat": "X9_TR34_2012", "RandomNonce": "0011223344556677"}
	s.bring(
		"Tr34KeyBlock",
		object{
			"CertificateAuthorityPublicKeyIdentifier": ca,
			"SigningKeyCertificate":                   text(out, "SigningKeyCertificate"),
			"KeyBlockFormat":                          "X9_TR34_2012",
			"ImportToken":                             text(in, "ImportToken"),
			"WrappedKeyBlock":                         s.send(pin, "Tr34KeyBlock", arm, nil),
			"RandomNonce":                             "0011223344556677",
		},
	)

	receiving := s.key(attributes("TR31_K2_TR34_ASYMMETRIC_KEY", "ASYMMETRIC_KEY_PAIR", "RSA_2048", "Decrypt", "Unwrap"), nil)
	received := text(s.do("GetPublicKeyCertificate", object{"KeyIdentifier": receiving}), "KeyCertificate")
	arm = object{"CertificateAuthorityPublicKeyIdentifier": ca, "WrappingKeyCertificate": received, "KeyBlockFormat": "X9_TR34_2012",
		"SigningKeyIdentifier": signing, "SigningKeyCertificate": signed, "KeyBlockHeaders": object{"KeyExportability": "SENSITIVE"}}
	s.bring(
		"Tr34KeyBlock",
		object{"CertificateAuthorityPublicKeyIdentifier": ca, "SigningKeyCertificate": signed, "KeyBlockFormat": "X9_TR34_2012",
			"WrappingKeyIdentifier": receiving, "WrappingKeyCertificate": received, "WrappedKeyBlock": s.send(pin, "Tr34KeyBlock", arm, nil)},
	)
}
