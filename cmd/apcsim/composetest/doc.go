// Package composetest reads compose.yaml as Docker Compose does, and runs what it and the Dockerfile name: the
// variables, the health check and the client. It is a module of its own: nothing of it is in the graph of the
// simulator's module. scripts/image builds and runs the image itself.
package composetest
