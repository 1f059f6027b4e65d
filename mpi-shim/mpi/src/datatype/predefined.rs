//! The predefined datatypes of all ABIs: number, name and elements, one row each.
//!
//! Numbers are those of the MPI-5 standard ABI; types that only other ABIs have are numbered from 900 on.
//! Fortran types are those of a compiler with 4-byte default INTEGER, REAL and LOGICAL.

use super::basic::{Basic, Family, Form, LONG_DOUBLE, Num};
use super::layout::Layout;
use super::recipe::Recipe;
use super::{Datatype, Types};
use crate::TypeId;
use crate::constants::class;
use std::rc::Rc;

/// One predefined type.
pub struct Row {
    pub id: u32,
    pub name: &'static str,
    pub basic: Basic,
}

const fn row(id: u32, name: &'static str, basic: Basic) -> Row {
    Row { id, name, basic }
}
const fn int(num: Num) -> Basic {
    Basic::one(num, Family::Integer)
}
const fn multi(num: Num) -> Basic {
    Basic::one(num, Family::Multi)
}
const fn float(num: Num) -> Basic {
    Basic::one(num, Family::Floating)
}
const fn logical(num: Num) -> Basic {
    Basic::one(num, Family::Logical)
}
const fn character(num: Num) -> Basic {
    Basic::one(num, Family::Character)
}
const fn pair(value: Num, index: Num) -> Basic {
    Basic::pair(value, index)
}
use Num::*;

#[rustfmt::skip]
pub const ROWS: &[Row] = &[
    row(513, "MPI_AINT", multi(I64)),
    row(514, "MPI_COUNT", multi(I64)),
    row(515, "MPI_OFFSET", multi(I64)),
    row(519, "MPI_PACKED", Basic::one(U8, Family::Opaque)),
    row(520, "MPI_SHORT", int(I16)),
    row(521, "MPI_INT", int(I32)),
    // MPI-5.0 §14.5.2: in external32 a long has 4 bytes, a wide character 2.
    row(522, "MPI_LONG", int(I64).external(4)),
    row(523, "MPI_LONG_LONG_INT", int(I64)),
    row(524, "MPI_UNSIGNED_SHORT", int(U16)),
    row(525, "MPI_UNSIGNED", int(U32)),
    row(526, "MPI_UNSIGNED_LONG", int(U64).external(4)),
    row(527, "MPI_UNSIGNED_LONG_LONG", int(U64)),
    row(528, "MPI_FLOAT", float(F32)),
    row(530, "MPI_C_COMPLEX", Basic::complex(F32)),
    row(531, "MPI_CXX_FLOAT_COMPLEX", Basic::complex(F32)),
    row(532, "MPI_DOUBLE", float(F64)),
    row(534, "MPI_C_DOUBLE_COMPLEX", Basic::complex(F64)),
    row(535, "MPI_CXX_DOUBLE_COMPLEX", Basic::complex(F64)),
    row(536, "MPI_LOGICAL", logical(I32)),
    row(537, "MPI_INTEGER", int(I32)),
    row(538, "MPI_REAL", float(F32)),
    row(539, "MPI_COMPLEX", Basic::complex(F32)),
    row(540, "MPI_DOUBLE_PRECISION", float(F64)),
    row(541, "MPI_DOUBLE_COMPLEX", Basic::complex(F64)),
    row(542, "MPI_CHARACTER", character(U8)),
    row(544, "MPI_LONG_DOUBLE", float(LONG_DOUBLE)),
    row(548, "MPI_C_LONG_DOUBLE_COMPLEX", Basic::complex(LONG_DOUBLE)),
    row(549, "MPI_CXX_LONG_DOUBLE_COMPLEX", Basic::complex(LONG_DOUBLE)),
    row(552, "MPI_FLOAT_INT", pair(F32, I32)),
    row(553, "MPI_DOUBLE_INT", pair(F64, I32)),
    row(554, "MPI_LONG_INT", pair(I64, I32).external(4)),
    row(555, "MPI_2INT", pair(I32, I32)),
    row(556, "MPI_SHORT_INT", pair(I16, I32)),
    row(557, "MPI_LONG_DOUBLE_INT", pair(LONG_DOUBLE, I32)),
    row(560, "MPI_2REAL", pair(F32, F32)),
    row(561, "MPI_2DOUBLE_PRECISION", pair(F64, F64)),
    row(562, "MPI_2INTEGER", pair(I32, I32)),
    row(568, "MPI_C_BOOL", logical(U8)),
    row(569, "MPI_CXX_BOOL", logical(U8)),
    row(572, "MPI_WCHAR", character(I32).external(2)),
    row(576, "MPI_INT8_T", int(I8)),
    row(577, "MPI_UINT8_T", int(U8)),
    row(579, "MPI_CHAR", character(I8)),
    row(580, "MPI_SIGNED_CHAR", int(I8)),
    row(581, "MPI_UNSIGNED_CHAR", int(U8)),
    row(583, "MPI_BYTE", Basic::one(U8, Family::Byte)),
    row(584, "MPI_INT16_T", int(I16)),
    row(585, "MPI_UINT16_T", int(U16)),
    row(592, "MPI_INT32_T", int(I32)),
    row(593, "MPI_UINT32_T", int(U32)),
    row(600, "MPI_INT64_T", int(I64)),
    row(601, "MPI_UINT64_T", int(U64)),
    row(704, "MPI_LOGICAL1", logical(U8)),
    row(705, "MPI_INTEGER1", int(I8)),
    row(712, "MPI_LOGICAL2", logical(I16)),
    row(713, "MPI_INTEGER2", int(I16)),
    row(714, "MPI_REAL2", float(F16)),
    row(720, "MPI_LOGICAL4", logical(I32)),
    row(721, "MPI_INTEGER4", int(I32)),
    row(722, "MPI_REAL4", float(F32)),
    row(723, "MPI_COMPLEX4", Basic::complex(F16)),
    row(728, "MPI_LOGICAL8", logical(I64)),
    row(729, "MPI_INTEGER8", int(I64)),
    row(730, "MPI_REAL8", float(F64)),
    row(731, "MPI_COMPLEX8", Basic::complex(F32)),
    row(736, "MPI_LOGICAL16", logical(I128)),
    row(737, "MPI_INTEGER16", int(I128)),
    row(738, "MPI_REAL16", float(F128)),
    row(739, "MPI_COMPLEX16", Basic::complex(F64)),
    row(747, "MPI_COMPLEX32", Basic::complex(F128)),
    row(903, "MPIX_C_FLOAT16", float(F16)),
    row(904, "MPIX_BFLOAT16", float(Bf16)),
    row(902, "MPI_CXX_COMPLEX", Basic::complex(F32)),
];

/// Pairs of complex numbers, which only Open MPI names; no operation accepts them.
const COMPLEX_PAIRS: [(u32, &str, Num); 2] =
    [(900, "MPI_2COMPLEX", Num::F32), (901, "MPI_2DOUBLE_COMPLEX", Num::F64)];

/// The layout of a basic type; a pair becomes a struct of two.
pub fn layout_of(basic: Basic) -> Rc<Layout> {
    match basic.form {
        Form::Pair(value, index) => {
            let part = |n: Num, external: u8| {
                let family = if matches!(n, F16 | Bf16 | F32 | F64 | F80 | F128) {
                    Family::Floating
                } else {
                    Family::Integer
                };
                Layout::basic(Basic::one(n, family).external(external))
            };
            let (v, i) = (part(value, basic.external), part(index, index.size() as u8));
            Layout::pair(basic, &v, &i).expect("a pair has small bounds")
        }
        _ => Layout::basic(basic),
    }
}

/// A table with all predefined types in it.
pub fn table() -> Types {
    let types = Types::new(class::TYPE, "datatype");
    let add = |id: u32, name: &str, layout: Rc<Layout>, basic: Option<Basic>| {
        let id = TypeId(id);
        types.set_predefined(id, Datatype::predefined(id, name, layout, basic, Recipe::named()));
    };
    for row in ROWS {
        add(row.id, row.name, layout_of(row.basic), Some(row.basic));
    }
    for (id, name, part) in COMPLEX_PAIRS {
        let two = Layout::contiguous(2, &Layout::basic(Basic::complex(part)));
        add(id, name, two.expect("a pair has small bounds"), None);
    }
    add(905, "MPI_LB", Layout::marker(false), None);
    add(906, "MPI_UB", Layout::marker(true), None);
    types
}
