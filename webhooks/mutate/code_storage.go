// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

// Codes of the storage feature.
const (
	// CodeUserStorageLimit: the container has a limit of its own.
	CodeUserStorageLimit Code = "UserStorageLimit"
	// CodeStorageRequest: the container requests more than its tier has, and got a
	// limit of as much.
	CodeStorageRequest Code = "StorageRequest"
	// CodeStorageNone: no container and no emptyDir is without a limit of its own.
	CodeStorageNone Code = "StorageNone"
)

// Facts of the storage feature.
const (
	// FactStorageLimit is the limit of ephemeral-storage that the container got, as a
	// quantity. A later pass knows its own work by it.
	FactStorageLimit = "storageLimit"
	// FactStorageRoom is the part of it that is for emptyDirs which the container
	// mounts.
	FactStorageRoom = "storageRoom"
	// FactStorageRequest is "0" where the container had no request of
	// ephemeral-storage and got one of nothing.
	FactStorageRequest = "storageRequest"
	// FactEmptyDirs lists the emptyDirs that got a sizeLimit, with the first container
	// that mounts them, comma-separated.
	FactEmptyDirs = "emptyDirs"
	// FactEmptyDirSize is that sizeLimit.
	FactEmptyDirSize = "emptyDirSize"
)

var storageCodes = map[Code]description{
	CodeUserStorageLimit: {sentence: "the container has a limit of ephemeral-storage of its own"},
	CodeStorageRequest:   {sentence: "the request of ephemeral-storage is above the tier's limit, so the limit is as high"},
	CodeStorageNone:      {sentence: "everything has a limit of its own"},
}
