//! The rows as data, for tests and for the generated STATUS.md.

/// One C function.
#[derive(Debug)]
pub struct Function {
    pub chapter: &'static str,
    pub status: &'static str,
    /// Function of the engine or of the kit; empty for a stub.
    pub path: &'static str,
    pub name: &'static str,
    /// `name_c` exists too.
    pub large: bool,
    pub params: &'static [Param],
    /// Kind of the returned value; `None` for an error code.
    pub returns: Option<&'static str>,
}

impl Function {
    pub fn is_done(&self) -> bool {
        !matches!(self.status, "stub" | "tool")
    }
}

#[derive(Debug)]
pub struct Param {
    pub name: &'static str,
    pub kind: &'static str,
    pub output: bool,
}

macro_rules! param {
    ($name:ident $kind:ident $output:literal) => {
        Param { name: stringify!($name), kind: stringify!($kind), output: $output }
    };
}

macro_rules! params {
    () => { &[] };
    ($($($i:ident : $ik:ident)? $(> $o:ident : $ok:ident)? $(~ $g:ident : $gk:ident)?),+) => {
        &[$($(param!($i $ik false))? $(param!($o $ok true))? $(param!($g $gk false))?),+]
    };
}

macro_rules! functions {
    ($list:ident $chapter:literal
        $($status:ident $($m:ident $(:: $f:ident)?)? $name:literal $($large:ident)?
          ($($params:tt)*) $(-> $ret:ident)? ;)*) => {
        const $list: &[Function] = &[$(Function {
            chapter: $chapter,
            status: stringify!($status),
            path: concat!($(stringify!($m) $(, "::", stringify!($f))?)?),
            name: $name,
            large: count(&[$(stringify!($large))?]) == 1,
            params: params!($($params)*),
            returns: first(&[$(stringify!($ret))?]),
        }),*];
    };
}

const fn count(list: &[&'static str]) -> usize {
    list.len()
}

const fn first(list: &[&'static str]) -> Option<&'static str> {
    if list.is_empty() { None } else { Some(list[0]) }
}

macro_rules! chapters {
    ($($list:ident $chapter:literal $rows:ident;)*) => {
        $($rows! { [functions] $list $chapter })*
        /// All chapters, in alphabetical order.
        pub const CHAPTERS: &[(&str, &[Function])] = &[$(($chapter, $list)),*];
    };
}

chapters! {
    ATTR "attr" attr_functions;
    COLL "coll" coll_functions;
    COMM "comm" comm_functions;
    DATATYPE "datatype" datatype_functions;
    DYNAMIC "dynamic" dynamic_functions;
    ENV "env" env_functions;
    ERRHANDLER "errhandler" errhandler_functions;
    EXT "ext" ext_functions;
    GROUP "group" group_functions;
    HANDLES "handles" handles_functions;
    INFO "info" info_functions;
    IO "io" io_functions;
    OP "op" op_functions;
    P2P "p2p" p2p_functions;
    PART "part" part_functions;
    REMOVED "removed" removed_functions;
    RMA "rma" rma_functions;
    SESSION "session" session_functions;
    STATUS "status" status_functions;
    TOOL "tool" tool_functions;
    TOPO "topo" topo_functions;
}

/// Every row.
pub fn all() -> impl Iterator<Item = &'static Function> {
    CHAPTERS.iter().flat_map(|(_, rows)| rows.iter())
}
