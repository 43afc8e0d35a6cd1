package endpoint_test

import "github.com/seed748fb4d1/apcsim/apc"

// What the world of the conformance walk has besides keys: policies, Regions, approval.

func (s *settling) policies(key string) {
	allow := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"444455556666"},` +
		`"Action":"payment-cryptography:GetKey","Resource":"*"}]}`
	s.do("GetResourcePolicy", object{"ResourceArn": key})
	s.do("PutResourcePolicy", object{"ResourceArn": key, "Policy": allow})
	s.do(
		"PutResourcePolicy",
		object{
			"ResourceArn": key,
			"Policy": "{\t\"Statement\" : {\r\n\"Effect\":\"Deny\",\"Principal\":\"*\"," +
				"\"NotAction\":[\"payment-cryptography:*\"],\"NotResource\":\"" + key + "\",\"Sid\":\"\u00ff\"}}",
		},
	)
	s.do("GetResourcePolicy", object{"ResourceArn": key})
	s.do("DeleteResourcePolicy", object{"ResourceArn": key})
}

func (s *settling) regions() {
	mac := attributes("TR31_M3_ISO_9797_3_MAC_KEY", "SYMMETRIC_KEY", "TDES_3KEY", "Generate", "Verify")
	s.do("GetDefaultKeyReplicationRegions", object{})
	s.do("EnableDefaultKeyReplicationRegions", object{"ReplicationRegions": []any{"eu-west-1"}})
	s.do("EnableDefaultKeyReplicationRegions", object{"ReplicationRegions": []any{}})
	s.do("GetDefaultKeyReplicationRegions", object{})
	s.key(mac, nil) // in eu-west-1 too
	s.do("DisableDefaultKeyReplicationRegions", object{"ReplicationRegions": []any{"eu-west-1", "us-west-2"}})
	wide, single := s.key(mac, object{"ReplicationRegions": []any{"eu-west-1", "us-west-2"}}), s.key(
		mac,
		object{"ReplicationRegions": []any{}},
	)
	s.do("GetKey", object{"KeyIdentifier": wide})
	s.do("AddKeyReplicationRegions", object{"KeyIdentifier": single, "ReplicationRegions": []any{"eu-west-1"}})
	s.once("RemoveKeyReplicationRegions", object{"KeyIdentifier": single, "ReplicationRegions": []any{"eu-west-1"}})
	s.do("RemoveKeyReplicationRegions", object{"KeyIdentifier": wide, "ReplicationRegions": []any{"us-west-2"}})
	s.once("AddKeyReplicationRegions", object{"KeyIdentifier": wide, "ReplicationRegions": []any{"us-west-2"}})
}

// approvals leave a team in charge.
func (s *settling) approvals(root string) {
	const action, team, other = "IMPORT_ROOT_PUBLIC_KEY_CERTIFICATE", "arn:aws:mpa:us-east-1:111122223333:approval-team/custodians",
		"arn:aws:mpa:eu-west-1:111122223333:approval-team/board.2_b"
	s.once("AssociateMpaTeam", object{"Action": action, "MpaTeamArn": team})
	s.do("ImportKey", object{"RequesterComment": "the root", "KeyMaterial": object{"RootCertificatePublicKey": object{
		"KeyAttributes": attributes(
			"TR31_S0_ASYMMETRIC_KEY_FOR_DIGITAL_SIGNATURE",
			"PUBLIC_KEY",
			"RSA_4096",
			"Verify",
		), "PublicKeyCertificate": root}}})
	s.do("GetMpaTeamAssociation", object{"Action": action})
	s.decide(s.do("AssociateMpaTeam", object{"Action": action, "MpaTeamArn": other, "RequesterComment": "größer"}), apc.Deny)
	s.decide(s.do("DisassociateMpaTeam", object{"Action": action, "RequesterComment": ""}), apc.Deny)
}

// decide ends the session of an answer.
func (s *settling) decide(answer object, d apc.Decision) {
	if s.err == nil {
		s.err = s.engine.DecideApproval(ctx, text(answer, "MpaTeamAssociation", "MpaStatus", "MpaSessionArn"), d)
	}
}
