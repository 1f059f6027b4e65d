//! Basic elements: the machine numbers that predefined types consist of.
//!
//! A [`Basic`] says how the bytes of an element are read ([`Form`]) and which reductions MPI allows on it
//! ([`Family`], the groups of MPI-5.0 §6.9.2). Two types with the same bytes may differ in family.

/// A machine number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Num {
    I8,
    I16,
    I32,
    I64,
    I128,
    U8,
    U16,
    U32,
    U64,
    F16,
    Bf16,
    F32,
    F64,
    /// x87 extended precision in 16 bytes of memory.
    F80,
    /// IEEE binary128.
    F128,
}

impl Num {
    pub const fn size(self) -> usize {
        match self {
            Num::I8 | Num::U8 => 1,
            Num::I16 | Num::U16 | Num::F16 | Num::Bf16 => 2,
            Num::I32 | Num::U32 | Num::F32 => 4,
            Num::I64 | Num::U64 | Num::F64 => 8,
            Num::I128 | Num::F80 | Num::F128 => 16,
        }
    }
}

/// C's `long double` on this machine.
pub const LONG_DOUBLE: Num = if cfg!(target_arch = "x86_64") { Num::F80 } else { Num::F128 };

/// How an element's bytes are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Form {
    One(Num),
    /// Real and imaginary part.
    Complex(Num),
    /// Value and index, laid out as a C struct.
    Pair(Num, Num),
}

/// The groups of types by which MPI says what a predefined operation accepts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Family {
    Integer,
    /// `MPI_AINT`, `MPI_OFFSET`, `MPI_COUNT`.
    Multi,
    Floating,
    Complex,
    Logical,
    Byte,
    /// Printable characters: no arithmetic in the standard.
    Character,
    Pair,
    /// `MPI_PACKED` and others that no predefined operation accepts.
    Opaque,
}

impl Form {
    pub const fn is_byte(self) -> bool {
        matches!(self, Form::One(Num::I8 | Num::U8))
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Basic {
    pub form: Form,
    pub family: Family,
    /// Bytes of one number in the external32 representation; of a pair's value.
    pub external: u8,
}

impl Basic {
    pub const fn one(num: Num, family: Family) -> Self {
        Basic { form: Form::One(num), family, external: num.size() as u8 }
    }
    pub const fn external(mut self, bytes: u8) -> Self {
        self.external = bytes;
        self
    }
    pub const fn complex(part: Num) -> Self {
        Basic { form: Form::Complex(part), family: Family::Complex, external: part.size() as u8 }
    }
    pub const fn pair(value: Num, index: Num) -> Self {
        Basic { form: Form::Pair(value, index), family: Family::Pair, external: value.size() as u8 }
    }

    /// Bytes of data.
    pub const fn size(self) -> usize {
        match self.form {
            Form::One(n) => n.size(),
            Form::Complex(n) => 2 * n.size(),
            Form::Pair(v, i) => v.size() + i.size(),
        }
    }

    pub const fn align(self) -> usize {
        match self.form {
            Form::One(n) | Form::Complex(n) => n.size(),
            Form::Pair(v, i) => {
                if v.size() > i.size() {
                    v.size()
                } else {
                    i.size()
                }
            }
        }
    }

    /// Where the index of a pair lies, and the distance from pair to pair: the layout of a C struct.
    pub const fn pair_layout(value: Num, index: Num) -> (usize, usize) {
        let align = Basic::pair(value, index).align();
        let at = value.size().next_multiple_of(index.size());
        (at, (at + index.size()).next_multiple_of(align))
    }
}
