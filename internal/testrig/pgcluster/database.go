//go:build unix

package pgcluster

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Database makes an empty database, a copy of PostgreSQL's template0, and
// returns its name. It goes with the cluster, or by Drop.
func (c *Cluster) Database(ctx context.Context) (name string, err error) {
	name = "t_" + strings.ToLower(rand.Text()[:12])
	return name, c.Do(ctx, "postgres", "CREATE DATABASE "+name+" TEMPLATE template0"+c.strategy())
}

// strategy has files copied, which takes a tenth of the time where nothing
// waits for the disk. Before version 15 there was no other way.
func (c *Cluster) strategy() string {
	text, _ := os.ReadFile(filepath.Join(c.data(), "PG_VERSION"))
	if version, _ := strconv.Atoi(strings.TrimSpace(string(text))); version < 15 {
		return ""
	}
	return " STRATEGY file_copy"
}

// Drop deletes a database, cutting the connections to it.
func (c *Cluster) Drop(ctx context.Context, name string) error {
	return c.Do(ctx, "postgres", "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)")
}

// Do runs statements in a database as the superuser, on a connection of their
// own.
func (c *Cluster) Do(ctx context.Context, database, statements string) error {
	conn, err := pgx.Connect(ctx, c.URL(database))
	if err != nil {
		return fmt.Errorf("pgcluster: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.PgConn().Exec(ctx, statements).ReadAll(); err != nil {
		return fmt.Errorf("pgcluster: %w", err)
	}
	return nil
}

// selfSigned makes a certificate for the loopback interface, and its key.
func selfSigned() (cert, key string, err error) {
	signer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "apcsim test cluster"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
	if err != nil {
		return "", "", err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(signer)
	if err != nil {
		return "", "", err
	}
	block := func(kind string, b []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}))
	}
	return block("CERTIFICATE", der), block("PRIVATE KEY", secret), nil
}
