// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"sync"
)

// standInClass is the class of the stand-in, so named for those who find it in a
// running JVM.
const standInClass = "EvenkeelNoAgent"

// standInBase64 is the stand-in as it goes into a script.
var standInBase64 = sync.OnceValue(func() string { return base64.StdEncoding.EncodeToString(standIn()) })

// standIn returns a jar that is a Java agent which does nothing, for every JVM
// since 5: a manifest that names a class, and the class with an empty premain.
// It is written here, byte by byte, because it goes into the pod and has to be
// small: a compiler and a jar tool make some four times as much.
func standIn() []byte {
	return storedZip([]zipEntry{
		{"META-INF/MANIFEST.MF", []byte("Manifest-Version: 1.0\nPremain-Class: " + standInClass + "\n\n")},
		{standInClass + ".class", emptyAgentClass()},
	})
}

// emptyAgentClass returns the class file (The Java Virtual Machine Specification,
// chapter 4) of
//
//	public class EvenkeelNoAgent { public static void premain(String s) {} }
func emptyAgentClass() []byte {
	var out bytes.Buffer
	u1 := func(v ...uint8) { out.Write(v) }
	u2 := func(v ...uint16) {
		for _, x := range v {
			_ = binary.Write(&out, binary.BigEndian, x)
		}
	}
	u4 := func(v uint32) { _ = binary.Write(&out, binary.BigEndian, v) }
	const (
		tagUTF8, tagClass           = 1, 7
		accPublic, accStatic        = 1, 8
		accSuper                    = 0x20
		major5               uint16 = 49 // the class file version of Java 5, which needs no stack maps
		opReturn             uint8  = 0xb1
	)
	u4(0xCAFEBABE)
	u2(0, major5)
	constants := []string{standInClass, "java/lang/Object", "premain", "(Ljava/lang/String;)V", "Code"}
	u2(uint16(len(constants) + 3))
	for _, text := range constants { // 1 to 5
		u1(tagUTF8)
		u2(uint16(len(text)))
		out.WriteString(text)
	}
	u1(tagClass) // 6: this class
	u2(1)
	u1(tagClass) // 7: its superclass
	u2(2)
	u2(accPublic|accSuper, 6, 7, 0, 0) // no interfaces, no fields
	u2(1, accPublic|accStatic, 3, 4)   // one method: premain
	u2(1, 5)                           // with one attribute: its code
	u4(13)
	u2(0, 1) // no stack, one local variable
	u4(1)
	u1(opReturn)
	u2(0, 0, 0) // no handlers, no attributes; none of the class
	return out.Bytes()
}

type zipEntry struct {
	name    string
	content []byte
}

// storedZip returns a ZIP file (PKWARE's APPNOTE.TXT, 4.3) of entries that are not
// compressed, without times.
func storedZip(entries []zipEntry) []byte {
	var out, directory bytes.Buffer
	le := func(to *bytes.Buffer, values ...any) {
		for _, v := range values {
			_ = binary.Write(to, binary.LittleEndian, v)
		}
	}
	const version, january1980 uint16 = 10, 1<<5 | 1
	for _, e := range entries {
		offset := uint32(out.Len())
		size, sum := uint32(len(e.content)), crc32.ChecksumIEEE(e.content)
		// Of both headers: version, flags, method, time, date, sum, sizes, length of
		// the name and of what follows it.
		common := []any{version, uint16(0), uint16(0), uint16(0), january1980, sum, size, size, uint16(len(e.name)), uint16(0)}
		le(&out, uint32(0x04034b50))
		le(&out, common...)
		out.WriteString(e.name)
		out.Write(e.content)
		le(&directory, uint32(0x02014b50), version)
		le(&directory, common...)
		// No comment, the first disk, no attributes.
		le(&directory, uint16(0), uint16(0), uint16(0), uint32(0), offset)
		directory.WriteString(e.name)
	}
	start, n := uint32(out.Len()), uint16(len(entries))
	out.Write(directory.Bytes())
	le(&out, uint32(0x06054b50), uint16(0), uint16(0), n, n, uint32(directory.Len()), start, uint16(0))
	return out.Bytes()
}
