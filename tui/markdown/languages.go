// SPDX-License-Identifier: GPL-2.0-only

package markdown

import (
	"slices"
	"strings"
)

// language is what the highlighter knows of a language.
type language struct {
	names    []string // as they stand behind the ticks
	words    string   // that have a meaning in it
	list     []string
	line     []string // begin a remark up to the end of the line
	spanning []spanning
	quotes   string // of strings that end in their line
	hash     bool   // a word may begin with #
	fold     bool   // words are the same in capitals
	diff     bool
}

// spanning is what goes over lines.
type spanning struct {
	begin, end string
	mark       mark
}

func (l *language) knows(word string) bool {
	if l.fold {
		word = strings.ToLower(word)
	}
	_, found := slices.BinarySearch(l.list, word)
	return found
}

// languageOf returns what is known of a language, or nil.
func languageOf(name string) *language {
	for _, make := range []func() *language{
		langC, langGo, langRust, langPython, langShell, langScript, langJava, langSQL, langRuby, langLua, langMarkup, langStyle, langData, langMake, langDiff,
	} {
		if l := make(); slices.Contains(l.names, name) {
			l.list = strings.Fields(l.words)
			slices.Sort(l.list)
			return l
		}
	}
	return nil
}

func slashes() []spanning { return []spanning{{"/*", "*/", remark}} }

func langC() *language {
	return &language{
		names: []string{"c", "h", "cpp", "c++", "cc", "hpp", "objc", "cuda", "glsl"},
		words: `auto break case char class const constexpr continue default delete do double else enum explicit extern
			false float for friend goto if inline int long namespace new nullptr NULL operator override private protected public register
			restrict return short signed sizeof static struct switch template this throw true try catch typedef typename union unsigned
			using virtual void volatile while bool size_t ssize_t u8 u16 u32 u64 s8 s16 s32 s64 uint8_t uint16_t uint32_t uint64_t int8_t
			int16_t int32_t int64_t __u8 __u16 __u32 __u64 #define #include #if #ifdef #ifndef #else #elif #endif #pragma #undef #error`,
		line: []string{"//"}, spanning: slashes(), quotes: `"'`, hash: true,
	}
}

func langGo() *language {
	return &language{
		names: []string{"go", "golang"},
		words: `break case chan const continue default defer else fallthrough for func go goto if import interface map
			package range return select struct switch type var true false nil iota any bool byte error float32 float64 int int8 int16
			int32 int64 rune string uint uint8 uint16 uint32 uint64 uintptr append cap clear close copy delete len make max min new panic
			recover`,
		line: []string{"//"}, spanning: append(slashes(), spanning{"`", "`", literal}), quotes: `"'`,
	}
}

func langRust() *language {
	return &language{
		names: []string{"rust", "rs"},
		words: `as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod
			move mut pub ref return self Self static struct super trait true type unsafe use where while bool char f32 f64 i8 i16 i32 i64
			i128 isize u8 u16 u32 u64 u128 usize str String Vec Option Result Some None Ok Err Box`,
		line: []string{"//"}, spanning: slashes(), quotes: `"`,
	}
}

func langPython() *language {
	return &language{
		names: []string{"python", "py", "python3"},
		words: `False None True and as assert async await break case class continue def del elif else except finally for from
			global if import in is lambda match nonlocal not or pass raise return try while with yield self print len range int str
			float bool list dict set tuple bytes`,
		line: []string{"#"}, spanning: []spanning{{`"""`, `"""`, literal}, {"'''", "'''", literal}}, quotes: `"'`,
	}
}

func langShell() *language {
	return &language{
		names: []string{"sh", "bash", "zsh", "shell", "console", "fish", "ksh"},
		words: `if then else elif fi for while until do done case esac in function select return exit break continue local
			export readonly unset shift set source eval exec trap cd echo printf read test sudo`,
		line: []string{"#"}, quotes: `"'`,
	}
}

func langScript() *language {
	return &language{
		names: []string{"js", "javascript", "ts", "typescript", "jsx", "tsx", "mjs", "node"},
		words: `async await break case catch class const continue debugger default delete do else enum export extends false
			finally for from function if implements import in instanceof interface let new null of private protected public readonly
			return static super switch this throw true try type typeof undefined var void while with yield any boolean never number
			string unknown`,
		line: []string{"//"}, spanning: append(slashes(), spanning{"`", "`", literal}), quotes: `"'`,
	}
}

func langJava() *language {
	return &language{
		names: []string{"java", "kotlin", "kt", "scala", "cs", "csharp", "c#", "swift", "dart", "php"},
		words: `abstract as boolean break byte case catch char class const continue data def default do double else enum
			extends false final finally float for fun func guard if implements import in instanceof int interface internal is let long
			match namespace new nil null object open operator override package private protected public readonly return sealed short
			static string struct super switch synchronized this throw throws true try type using val var void volatile when where while
			foreach function echo`,
		line: []string{"//"}, spanning: slashes(), quotes: `"'`,
	}
}

func langSQL() *language {
	return &language{
		names: []string{"sql", "sqlite", "postgres", "mysql"},
		words: `add all alter and as asc begin between by case check column commit constraint create cross default delete
			desc distinct drop else end exists explain foreign from full group having if in index inner insert into is join key left like
			limit not null offset on or order outer primary references replace returning right rollback select set table then transaction
			trigger union unique update using values view when where with integer text blob real varchar`,
		line: []string{"--"}, spanning: slashes(), quotes: `'"`, fold: true,
	}
}

func langRuby() *language {
	return &language{
		names: []string{"ruby", "rb", "perl", "pl", "elixir", "ex"},
		words: `alias and begin break case class def defined do else elsif end ensure false for foreach if in lambda module
			my next nil not or our package redo require rescue retry return self sub super then true undef unless until use when while
			yield puts print`,
		line: []string{"#"}, quotes: `"'`,
	}
}

func langLua() *language {
	return &language{
		names: []string{"lua"},
		words: `and break do else elseif end false for function goto if in local nil not or repeat return then true until while`,
		line:  []string{"--"}, quotes: `"'`,
	}
}

func langMarkup() *language {
	return &language{
		names:    []string{"html", "xml", "svg", "vue"},
		words:    `a body br button div doctype form h1 h2 h3 head href html id img input li link meta ol p script span src style svg table td th title tr ul class xml`,
		spanning: []spanning{{"<!--", "-->", remark}}, quotes: `"`, fold: true,
	}
}

func langStyle() *language {
	return &language{
		names:    []string{"css", "scss", "less"},
		words:    `absolute auto background block border bottom color display fixed flex font grid height important inherit left margin none padding position relative right solid top width`,
		spanning: slashes(), quotes: `"'`,
	}
}

func langData() *language {
	return &language{
		names: []string{"json", "yaml", "yml", "toml", "ini", "conf", "nginx", "properties"},
		words: `true false null yes no on off`,
		line:  []string{"#"}, quotes: `"'`,
	}
}

func langMake() *language {
	return &language{
		names: []string{"make", "makefile", "dockerfile", "docker", "cmake"},
		words: `ifeq ifneq ifdef ifndef else endif include define endef export override from run cmd copy add env arg workdir
			entrypoint expose volume user label`,
		line: []string{"#"}, quotes: `"'`, fold: true,
	}
}

func langDiff() *language { return &language{names: []string{"diff", "patch"}, diff: true} }
