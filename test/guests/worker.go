// A program of preview 1 that uses everything it may be granted, and says what became of it; in Go.
package main

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

func refused(what string, err error) {
	if err != nil {
		fmt.Printf("refused: %s\n", what)
	} else {
		fmt.Printf("NOT REFUSED: %s\n", what)
	}
}

func read(path string) error {
	_, err := os.ReadFile(path)
	return err
}

func write(path string) error {
	return os.WriteFile(path, []byte("attack"), 0o644)
}

func must(err error, code int) {
	if err != nil {
		fmt.Println(err)
		os.Exit(code)
	}
}

func main() {
	for _, word := range os.Args[1:] {
		fmt.Printf("argument %s\n", word)
	}
	greeting, known := os.LookupEnv("GREETING")
	if !known {
		greeting = "none"
	}
	home := "none"
	if _, known := os.LookupEnv("HOME"); known {
		home = "known"
	}
	fmt.Printf("greeting %s, home %s\n", greeting, home)

	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		fmt.Printf("input %s\n", lines.Text())
	}

	must(filepath.WalkDir("/data", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			fmt.Printf("found %s of %d bytes\n", path, info.Size())
		}
		return err
	}), 9)
	must(os.WriteFile("/data/new.txt", []byte("written"), 0o644), 10)
	must(os.Rename("/data/new.txt", "/data/sub/moved.txt"), 11)
	text, err := os.ReadFile("/data/sub/moved.txt")
	must(err, 12)
	fmt.Printf("read back %s\n", text)

	refused("reading ../outside", read("/data/../outside/O"))
	refused("reading /etc/passwd", read("/etc/passwd"))
	refused("reading through a link", read("/data/link"))
	refused("writing outside", write("/data/../outside/new"))
	refused("writing where it may only read", write("/fixed/file"))
	refused("renaming out", os.Rename("/data/sub/moved.txt", "/data/../outside/moved"))
	refused("renaming into what is fixed", os.Rename("/data/sub/moved.txt", "/fixed/moved"))
	err = os.Symlink("/etc/passwd", "/data/passwd")
	if err == nil {
		err = read("/data/passwd")
	}
	refused("a link to the outside", err)

	fmt.Fprintln(os.Stderr, "done")
	code := 0
	if len(os.Args) > 1 {
		code, _ = strconv.Atoi(os.Args[1])
	}
	os.Exit(code)
}
