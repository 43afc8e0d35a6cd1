// Package webguard keeps web pages away from a server on a loopback address.
//
// A page that is open in a browser on this machine can send requests to 127.0.0.1.
// Its Origin names it; a page whose own name was pointed at 127.0.0.1 while it was
// open (DNS rebinding) needs no Origin and says its name by the Host. Programs
// that are no browser send no Origin, and a Host that they were given.
package webguard

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Guard has the origins and hosts that are allowed besides those that always are.
// The zero value has none. Any number of goroutines may share one.
type Guard struct{ origins, hosts []string }

// New makes a guard of origins as [Origin] reads them and names as [Host] does.
// What cannot be read allows nothing.
func New(origins, hosts []string) *Guard {
	g := &Guard{}
	for _, text := range origins {
		if o, err := Origin(text); err == nil {
			g.origins = append(g.origins, o)
		}
	}
	for _, text := range hosts {
		if h, err := Host(text); err == nil {
			g.hosts = append(g.hosts, h)
		}
	}
	return g
}

// Origin reads an origin (RFC 6454), "https://app.example:8443", and returns it
// as browsers write it: in lower case and without the scheme's usual port. The
// origin "null", which any page can give itself, and "*" are errors.
func Origin(text string) (string, error) {
	u, err := url.Parse(strings.ToLower(text))
	if err != nil || u.Scheme == "" || u.Hostname() == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" ||
		u.Fragment != "" ||
		strings.Contains(u.Host, "*") {
		return "", errors.New(`wanted one origin like "https://app.example:8443"`)
	}
	if port := u.Port(); u.Scheme == "http" && port == "80" || u.Scheme == "https" && port == "443" || port == "" {
		u.Host = strings.TrimSuffix(strings.TrimSuffix(u.Host, port), ":")
	}
	return u.Scheme + "://" + u.Host, nil
}

var hostName = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_.-]{0,252}[a-z0-9_])?$`)

// Host reads a host name or address, with or without a port, which does not
// matter, and returns it in lower case.
func Host(text string) (string, error) {
	name := withoutPort(text)
	if _, err := netip.ParseAddr(name); strings.Contains(text, "/") || err != nil && !hostName.MatchString(name) {
		return "", errors.New(`wanted one host name like "apcsim.test"`)
	}
	return name, nil
}

// withoutPort is the name or address of a Host header, in lower case.
func withoutPort(hostPort string) string {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(hostPort, "["), "]")
	}
	return strings.TrimSuffix(strings.ToLower(host), ".")
}

// Check reports why a request must be a web page's that is not allowed; nil where
// there is no reason for that.
func (g *Guard) Check(r *http.Request) error {
	host := withoutPort(r.Host)
	if !isLoopback(host) && !isService(host) && !slices.Contains(g.hosts, host) {
		return fmt.Errorf("the Host %.100q is neither a loopback name nor one of the service's nor one that is allowed", r.Host)
	}
	return g.CheckOrigin(r)
}

// CheckOrigin is [Guard.Check] for a server that is reached under any name: the Host may be any.
func (g *Guard) CheckOrigin(r *http.Request) error {
	for _, origin := range r.Header.Values("Origin") {
		if !g.allows(r, origin) {
			return fmt.Errorf("the Origin %.100q is not allowed", origin)
		}
	}
	return nil
}

// allows reports whether an origin is allowed, or that of the server's own pages.
func (g *Guard) allows(r *http.Request, text string) bool {
	origin, err := Origin(text)
	if err != nil {
		return false
	}
	own, err := Origin("http://" + r.Host)
	return err == nil && origin == own || slices.Contains(g.origins, origin)
}

// FromPage reports whether a request has an Origin, every one of them allowed.
func (g *Guard) FromPage(r *http.Request) bool {
	origins := r.Header.Values("Origin")
	return len(origins) > 0 && !slices.ContainsFunc(origins, func(o string) bool { return !g.allows(r, o) })
}

// isLoopback reports whether a name can only be this machine.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	at, err := netip.ParseAddr(host)
	return err == nil && at.Unmap().IsLoopback()
}

// The names that AWS gives to the service and to STS, which tools ask for the
// account. People map them to 127.0.0.1.
var (
	awsServices = []string{
		"controlplane.payment-cryptography", "controlplane.payment-cryptography-fips",
		"dataplane.payment-cryptography", "dataplane.payment-cryptography-fips", "sts", "sts-fips",
	}
	awsDomains = []string{
		"amazonaws.com", "api.aws", "amazonaws.com.cn", "api.amazonwebservices.com.cn", "amazonaws.eu", "api.amazonwebservices.eu",
	}
	awsRegion = regexp.MustCompile(`^[a-z]{2,8}(-[a-z]{1,16}){1,2}-[0-9]{1,2}$`)
)

// isService reports whether a name is SERVICE.REGION.DOMAIN of those.
func isService(host string) bool {
	if host == "sts.amazonaws.com" {
		return true
	}
	for _, service := range awsServices {
		rest, ok := strings.CutPrefix(host, service+".")
		if region, domain, _ := strings.Cut(rest, "."); ok && awsRegion.MatchString(region) && slices.Contains(awsDomains, domain) {
			return true
		}
	}
	return false
}
