package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/seed748fb4d1/apcsim/internal/wording"
	"github.com/seed748fb4d1/apcsim/tr31"
)

const tokenForms = `
TOKEN is a file, or - for standard input, with the token in DER, PEM, hexadecimal
or base64; or the hexadecimal or base64 itself.`

// maxFile bounds what is read of a file: a token has at most 64 KiB of DER.
const maxFile = 1 << 20

// readToken reads a token in whatever form it is.
func readToken(s streams, arg string) ([]byte, error) {
	data, err := readArgument(s, arg)
	if err != nil {
		return nil, err
	}
	return decodeToken(data)
}

// readArgument is what an argument means: standard input, a file, itself.
func readArgument(s streams, arg string) ([]byte, error) {
	if arg == fromStdin {
		data, err := io.ReadAll(io.LimitReader(s.in, maxFile+1))
		return bounded("token", data, err)
	}
	data, err := readFile("token", arg)
	switch {
	case err == nil:
		return data, nil
	case errors.Is(err, fs.ErrNotExist) || len(arg) > 255: // no name of a file is longer
		return []byte(arg), nil
	}
	return nil, err
}

func readFile(field, name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	return bounded(field, data, err)
}

func bounded(field string, data []byte, err error) ([]byte, error) {
	if err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	if len(data) > maxFile {
		return nil, &inputError{field: field, offset: -1, problem: problemLongFile, wanted: "at most " + wording.Bytes(maxFile)}
	}
	return data, nil
}

// decodeToken distinguishes the forms: DER begins with a SEQUENCE, PEM with
// dashes; what is hexadecimal throughout is not taken for base64.
func decodeToken(data []byte) ([]byte, error) {
	text := bytes.TrimSpace(data)
	if block, rest := pem.Decode(text); block != nil && len(bytes.TrimSpace(rest)) == 0 {
		return block.Bytes, nil
	}
	if len(data) > 0 && data[0] == 0x30 && !printable(text) {
		return data, nil
	}
	digits := strings.Join(strings.Fields(string(text)), "")
	if _, err := tr31.Parse(digits, tr31.Lenient); err == nil {
		return nil, &inputError{"token", -1, problemNotToken, "a TR-31 key block", "a TR-34 message"}
	}
	der, err := hex.DecodeString(digits)
	if err != nil {
		der, err = base64.StdEncoding.DecodeString(digits)
	}
	if block, _ := pem.Decode(der); err == nil && block != nil {
		return block.Bytes, nil // PEM in base64, as services give certificates
	}
	if err == nil && digits != "" {
		return der, nil
	}
	return nil, &inputError{field: "token", offset: -1, problem: problemToken}
}

func printable(text []byte) bool {
	for _, c := range text {
		if c != '\n' && c != '\r' && c != '\t' && (c < 0x20 || c > 0x7E) {
			return false
		}
	}
	return true
}
