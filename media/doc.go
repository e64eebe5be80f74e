// SPDX-License-Identifier: GPL-2.0-only

// Package media handles pictures, video and files apart from the network and the screen: it checks and decodes
// pictures, turns them into terminal cells, cuts blobs into chunks and puts them together again, and keeps them
// in a store found by their hash.
//
// What comes from other people is taken for hostile: sizes are checked before pixels are decoded, contents decide
// what a file is, and names never become paths. The named errors say what is wrong and what to do about it.
package media
