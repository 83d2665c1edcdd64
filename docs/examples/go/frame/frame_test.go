package frame

import (
	"bufio"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const goldenFolder = "../../../../tests/unit/record/golden"

// golden reads a message that was written down once, byte by byte.
func golden(t *testing.T, path string) Message {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var message Message
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		value, err := hex.DecodeString(words[len(words)-1])
		if err != nil {
			t.Fatal(err)
		}
		switch words[0] {
		case "key":
			message.Key = value
		case "value":
			message.Value = value
		case "header":
			message.Headers = append(message.Headers, Header{words[1], value})
		}
	}
	return message
}

func TestGoldenMessagesDecodeAndEncodeToTheSameBytes(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(goldenFolder, "*.hex"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no golden messages in %s: %v", goldenFolder, err)
	}
	for _, path := range paths {
		message := golden(t, path)
		record, err := Decode(message)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		again, err := record.Encode()
		if err != nil || !reflect.DeepEqual(again, message) {
			t.Errorf("%s: %v, came back as another message", path, err)
		}
	}
}

func TestBrokenRecordsAreRefusedByField(t *testing.T) {
	for name, wrong := range map[string]string{
		"ce_specversion":         "2.0",
		"content-type":           "image/png",
		"ce_source":              "/namespaces/plant-7",
		"ce_id":                  "00c0ffee00c0ffee-42",
		"ce_time":                "2026-11-24T13:37:03.323457Z",
		"ce_session":             "00C0FFEE00C0FFEE",
		"ce_sequence":            "041",
		"ce_capturetimens":       "+1795527423323456789",
		"ce_width":               "0",
		"ce_height":              "65536",
		"vst-thumbnail":          "",
		"vst-reference":          "no picture",
		"vst-reference-sequence": "41",
	} {
		message := golden(t, filepath.Join(goldenFolder, "next.hex"))
		for i := range message.Headers {
			if message.Headers[i].Name == name {
				message.Headers[i].Value = []byte(wrong)
			}
		}
		var invalid *InvalidError
		if _, err := Decode(message); !errors.As(err, &invalid) || invalid.Field != name {
			t.Errorf("%s = %q: %v", name, wrong, err)
		}
	}
}

func TestWhatIsUnknownIsIgnoredAndWhatIsDoubledIsRefused(t *testing.T) {
	message := golden(t, filepath.Join(goldenFolder, "next.hex"))
	extra := []byte("x")
	message.Headers = append(message.Headers, Header{"ce_later", extra}, Header{"ce_later", extra})
	message.Key = nil
	if _, err := Decode(message); err != nil {
		t.Errorf("unknown headers and no key: %v", err)
	}
	message.Headers = append(message.Headers, Header{"ce_width", []byte("16")})
	var invalid *InvalidError
	if _, err := Decode(message); !errors.As(err, &invalid) {
		t.Errorf("ce_width twice: %v", err)
	}
}

func TestAnotherTypeIsUnknownNotInvalid(t *testing.T) {
	var unknown *UnknownTypeError
	if _, err := Decode(Message{Value: []byte("text")}); !errors.As(err, &unknown) {
		t.Errorf("no headers at all: %v", err)
	}
}
