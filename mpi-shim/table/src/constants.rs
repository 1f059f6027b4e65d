//! The constants of MPI and their values in the three ABIs, in one place.
//!
//! Facts read off the headers of the implementations. `std` is the MPI-5 standard ABI and the value used inside the
//! engine; `None` means that the ABI does not know the name. Handles name the data object that Open MPI exports.

/// An integer constant.
#[derive(Clone, Copy, Debug)]
pub struct Int {
    pub name: &'static str,
    pub std: Option<i32>,
    pub mpich: Option<i32>,
    pub ompi: Option<i32>,
}

const fn int(name: &'static str, std: Option<i32>, mpich: Option<i32>, ompi: Option<i32>) -> Int {
    Int { name, std, mpich, ompi }
}

/// A predefined handle: the engine's id, MPICH's integer, Open MPI's data object with its size and its Fortran index.
#[derive(Clone, Copy, Debug)]
pub struct Handle {
    pub name: &'static str,
    pub id: u32,
    pub mpich: Option<u32>,
    pub ompi: Option<&'static str>,
    pub ompi_fortran: Option<i32>,
}

const fn handle(
    name: &'static str,
    id: u32,
    mpich: Option<u32>,
    ompi: Option<&'static str>,
    ompi_fortran: Option<i32>,
) -> Handle {
    Handle { name, id, mpich, ompi, ompi_fortran }
}

/// Error classes and the errors of the tool interface.
#[rustfmt::skip]
pub const ERROR_CLASSES: &[Int] = &[
    int("MPI_ERR_ABI", Some(62), Some(81), None),
    int("MPI_ERR_ACCESS", Some(20), Some(20), Some(20)),
    int("MPI_ERR_AMODE", Some(21), Some(21), Some(21)),
    int("MPI_ERR_ARG", Some(13), Some(12), Some(13)),
    int("MPI_ERR_ASSERT", Some(22), Some(53), Some(22)),
    int("MPI_ERR_BAD_FILE", Some(23), Some(22), Some(23)),
    int("MPI_ERR_BASE", Some(24), Some(46), Some(24)),
    int("MPI_ERR_BUFFER", Some(1), Some(1), Some(1)),
    int("MPI_ERR_COMM", Some(5), Some(5), Some(5)),
    int("MPI_ERR_CONVERSION", Some(25), Some(23), Some(25)),
    int("MPI_ERR_COUNT", Some(2), Some(2), Some(2)),
    int("MPI_ERR_DIMS", Some(12), Some(11), Some(12)),
    int("MPI_ERR_DISP", Some(26), Some(52), Some(26)),
    int("MPI_ERR_DUP_DATAREP", Some(27), Some(24), Some(27)),
    int("MPI_ERR_ERRHANDLER", Some(61), Some(80), None),
    int("MPI_ERR_FILE", Some(30), Some(27), Some(30)),
    int("MPI_ERR_FILE_EXISTS", Some(28), Some(25), Some(28)),
    int("MPI_ERR_FILE_IN_USE", Some(29), Some(26), Some(29)),
    int("MPI_ERR_GROUP", Some(9), Some(8), Some(9)),
    int("MPI_ERR_INFO", Some(34), Some(28), Some(34)),
    int("MPI_ERR_INFO_KEY", Some(31), Some(29), Some(31)),
    int("MPI_ERR_INFO_NOKEY", Some(32), Some(31), Some(32)),
    int("MPI_ERR_INFO_VALUE", Some(33), Some(30), Some(33)),
    int("MPI_ERR_INTERN", Some(17), Some(16), Some(17)),
    int("MPI_ERR_IN_STATUS", Some(19), Some(17), Some(18)),
    int("MPI_ERR_IO", Some(35), Some(32), Some(35)),
    int("MPI_ERR_KEYVAL", Some(36), Some(48), Some(36)),
    int("MPI_ERR_LOCKTYPE", Some(37), Some(47), Some(37)),
    int("MPI_ERR_NAME", Some(38), Some(33), Some(38)),
    int("MPI_ERR_NOT_SAME", Some(40), Some(35), Some(40)),
    int("MPI_ERR_NO_MEM", Some(39), Some(34), Some(39)),
    int("MPI_ERR_NO_SPACE", Some(41), Some(36), Some(41)),
    int("MPI_ERR_NO_SUCH_FILE", Some(42), Some(37), Some(42)),
    int("MPI_ERR_OP", Some(10), Some(9), Some(10)),
    int("MPI_ERR_OTHER", Some(16), Some(15), Some(16)),
    int("MPI_ERR_PENDING", Some(18), Some(18), Some(19)),
    int("MPI_ERR_PORT", Some(43), Some(38), Some(43)),
    int("MPI_ERR_PROC_ABORTED", Some(58), Some(76), Some(74)),
    int("MPI_ERR_PROC_FAILED", None, None, Some(75)),
    int("MPI_ERR_PROC_FAILED_PENDING", None, None, Some(76)),
    int("MPI_ERR_QUOTA", Some(44), Some(39), Some(44)),
    int("MPI_ERR_RANK", Some(6), Some(6), Some(6)),
    int("MPI_ERR_READ_ONLY", Some(45), Some(40), Some(45)),
    int("MPI_ERR_REQUEST", Some(7), Some(19), Some(7)),
    int("MPI_ERR_REVOKED", None, None, Some(77)),
    int("MPI_ERR_RMA_ATTACH", Some(46), Some(56), Some(69)),
    int("MPI_ERR_RMA_CONFLICT", Some(47), Some(49), Some(46)),
    int("MPI_ERR_RMA_FLAVOR", Some(57), Some(58), Some(70)),
    int("MPI_ERR_RMA_RANGE", Some(48), Some(55), Some(68)),
    int("MPI_ERR_RMA_SHARED", Some(49), Some(57), Some(71)),
    int("MPI_ERR_RMA_SYNC", Some(50), Some(50), Some(47)),
    int("MPI_ERR_ROOT", Some(8), Some(7), Some(8)),
    int("MPI_ERR_SERVICE", Some(51), Some(41), Some(48)),
    int("MPI_ERR_SESSION", Some(60), Some(75), Some(78)),
    int("MPI_ERR_SIZE", Some(52), Some(51), Some(49)),
    int("MPI_ERR_SPAWN", Some(53), Some(42), Some(50)),
    int("MPI_ERR_TAG", Some(4), Some(4), Some(4)),
    int("MPI_ERR_TOPOLOGY", Some(11), Some(10), Some(11)),
    int("MPI_ERR_TRUNCATE", Some(15), Some(14), Some(15)),
    int("MPI_ERR_TYPE", Some(3), Some(3), Some(3)),
    int("MPI_ERR_UNKNOWN", Some(14), Some(13), Some(14)),
    int("MPI_ERR_UNSUPPORTED_DATAREP", Some(54), Some(43), Some(51)),
    int("MPI_ERR_UNSUPPORTED_OPERATION", Some(55), Some(44), Some(52)),
    int("MPI_ERR_VALUE_TOO_LARGE", Some(59), Some(77), Some(79)),
    int("MPI_ERR_WIN", Some(56), Some(45), Some(53)),
    int("MPI_T_ERR_CANNOT_INIT", Some(1001), Some(61), Some(56)),
    int("MPI_T_ERR_CVAR_SET_NEVER", Some(1015), Some(69), Some(64)),
    int("MPI_T_ERR_CVAR_SET_NOT_NOW", Some(1014), Some(68), Some(63)),
    int("MPI_T_ERR_INVALID", Some(1006), Some(74), Some(72)),
    int("MPI_T_ERR_INVALID_HANDLE", Some(1010), Some(64), Some(59)),
    int("MPI_T_ERR_INVALID_INDEX", Some(1007), Some(62), Some(57)),
    int("MPI_T_ERR_INVALID_ITEM", Some(1008), Some(63), Some(58)),
    int("MPI_T_ERR_INVALID_NAME", Some(1011), Some(73), Some(73)),
    int("MPI_T_ERR_INVALID_SESSION", Some(1009), Some(67), Some(62)),
    int("MPI_T_ERR_MEMORY", Some(1005), Some(59), Some(54)),
    int("MPI_T_ERR_NOT_ACCESSIBLE", Some(1002), Some(79), None),
    int("MPI_T_ERR_NOT_INITIALIZED", Some(1003), Some(60), Some(55)),
    int("MPI_T_ERR_NOT_SUPPORTED", Some(1004), Some(78), None),
    int("MPI_T_ERR_OUT_OF_HANDLES", Some(1012), Some(65), Some(60)),
    int("MPI_T_ERR_OUT_OF_SESSIONS", Some(1013), Some(66), Some(61)),
    int("MPI_T_ERR_PVAR_NO_ATOMIC", Some(1018), Some(72), Some(67)),
    int("MPI_T_ERR_PVAR_NO_STARTSTOP", Some(1017), Some(70), Some(65)),
    int("MPI_T_ERR_PVAR_NO_WRITE", Some(1016), Some(71), Some(66)),
];

/// Predefined attribute keys.
#[rustfmt::skip]
pub const KEYVALS: &[Int] = &[
    int("MPI_APPNUM", Some(505), Some(1681915917), Some(4)),
    int("MPI_HOST", Some(503), Some(1681915907), Some(1)),
    int("MPI_IO", Some(502), Some(1681915909), Some(2)),
    int("MPI_KEYVAL_INVALID", Some(0), Some(603979776), Some(-1)),
    int("MPI_LASTUSEDCODE", Some(506), Some(1681915915), Some(5)),
    int("MPI_TAG_UB", Some(501), Some(1681915905), Some(0)),
    int("MPI_UNIVERSE_SIZE", Some(507), Some(1681915913), Some(6)),
    int("MPI_WIN_BASE", Some(601), Some(1711276033), Some(7)),
    int("MPI_WIN_CREATE_FLAVOR", Some(604), Some(1711276039), Some(10)),
    int("MPI_WIN_DISP_UNIT", Some(602), Some(1711276037), Some(9)),
    int("MPI_WIN_MODEL", Some(605), Some(1711276041), Some(11)),
    int("MPI_WIN_SIZE", Some(603), Some(1711276035), Some(8)),
    int("MPI_WTIME_IS_GLOBAL", Some(504), Some(1681915911), Some(3)),
];

/// Ranks with a meaning.
#[rustfmt::skip]
pub const RANKS: &[Int] = &[
    int("MPI_ANY_SOURCE", Some(-1), Some(-2), Some(-1)),
    int("MPI_PROC_NULL", Some(-3), Some(-1), Some(-2)),
    int("MPI_ROOT", Some(-4), Some(-3), Some(-4)),
];

/// Tags with a meaning.
#[rustfmt::skip]
pub const TAGS: &[Int] = &[
    int("MPI_ANY_TAG", Some(-2), Some(-1), Some(-1)),
];

/// Thread levels.
#[rustfmt::skip]
pub const THREAD_LEVELS: &[Int] = &[
    int("MPI_THREAD_FUNNELED", Some(1024), Some(1), Some(1)),
    int("MPI_THREAD_MULTIPLE", Some(4096), Some(3), Some(3)),
    int("MPI_THREAD_SERIALIZED", Some(2048), Some(2), Some(2)),
    int("MPI_THREAD_SINGLE", Some(0), Some(0), Some(0)),
];

/// Results of a comparison.
#[rustfmt::skip]
pub const COMPARISONS: &[Int] = &[
    int("MPI_CONGRUENT", Some(202), Some(1), Some(1)),
    int("MPI_IDENT", Some(201), Some(0), Some(0)),
    int("MPI_SIMILAR", Some(203), Some(2), Some(2)),
    int("MPI_UNEQUAL", Some(204), Some(3), Some(3)),
];

/// Kinds of topology.
#[rustfmt::skip]
pub const TOPOLOGIES: &[Int] = &[
    int("MPI_CART", Some(211), Some(2), Some(1)),
    int("MPI_DIST_GRAPH", Some(213), Some(3), Some(3)),
    int("MPI_GRAPH", Some(212), Some(1), Some(2)),
];

/// Ways to split a communicator.
#[rustfmt::skip]
pub const SPLIT_TYPES: &[Int] = &[
    int("MPI_COMM_TYPE_HW_GUIDED", Some(223), Some(2), Some(13)),
    int("MPI_COMM_TYPE_HW_UNGUIDED", Some(222), Some(3), Some(12)),
    int("MPI_COMM_TYPE_RESOURCE_GUIDED", Some(224), Some(4), None),
    int("MPI_COMM_TYPE_SHARED", Some(221), Some(1), Some(0)),
];

/// Constructors of a datatype.
#[rustfmt::skip]
pub const COMBINERS: &[Int] = &[
    int("MPI_COMBINER_CONTIGUOUS", Some(103), Some(3), Some(2)),
    int("MPI_COMBINER_DARRAY", Some(112), Some(14), Some(13)),
    int("MPI_COMBINER_DUP", Some(102), Some(2), Some(1)),
    int("MPI_COMBINER_F90_COMPLEX", Some(114), Some(16), Some(15)),
    int("MPI_COMBINER_F90_INTEGER", Some(115), Some(17), Some(16)),
    int("MPI_COMBINER_F90_REAL", Some(113), Some(15), Some(14)),
    int("MPI_COMBINER_HINDEXED", Some(107), Some(9), Some(8)),
    int("MPI_COMBINER_HINDEXED_BLOCK", Some(109), Some(19), Some(18)),
    int("MPI_COMBINER_HINDEXED_INTEGER", None, Some(8), None),
    int("MPI_COMBINER_HVECTOR", Some(105), Some(6), Some(5)),
    int("MPI_COMBINER_HVECTOR_INTEGER", None, Some(5), None),
    int("MPI_COMBINER_INDEXED", Some(106), Some(7), Some(6)),
    int("MPI_COMBINER_INDEXED_BLOCK", Some(108), Some(10), Some(9)),
    int("MPI_COMBINER_NAMED", Some(101), Some(1), Some(0)),
    int("MPI_COMBINER_RESIZED", Some(116), Some(18), Some(17)),
    int("MPI_COMBINER_STRUCT", Some(110), Some(12), Some(11)),
    int("MPI_COMBINER_STRUCT_INTEGER", None, Some(11), None),
    int("MPI_COMBINER_SUBARRAY", Some(111), Some(13), Some(12)),
    int("MPI_COMBINER_VALUE_INDEX", Some(117), Some(20), None),
    int("MPI_COMBINER_VECTOR", Some(104), Some(4), Some(3)),
];

/// Array orders.
#[rustfmt::skip]
pub const ORDERS: &[Int] = &[
    int("MPI_ORDER_C", Some(12), Some(56), Some(0)),
    int("MPI_ORDER_FORTRAN", Some(15), Some(57), Some(1)),
];

/// Distributions of an array.
#[rustfmt::skip]
pub const DISTRIBUTIONS: &[Int] = &[
    int("MPI_DISTRIBUTE_BLOCK", Some(17), Some(121), Some(0)),
    int("MPI_DISTRIBUTE_CYCLIC", Some(18), Some(122), Some(1)),
    int("MPI_DISTRIBUTE_DFLT_DARG", Some(19), Some(-49767), Some(-1)),
    int("MPI_DISTRIBUTE_NONE", Some(16), Some(123), Some(2)),
];

/// Classes of basic types.
#[rustfmt::skip]
pub const TYPECLASSES: &[Int] = &[
    int("MPI_TYPECLASS_COMPLEX", Some(194), Some(3), Some(3)),
    int("MPI_TYPECLASS_INTEGER", Some(192), Some(2), Some(1)),
    int("MPI_TYPECLASS_REAL", Some(193), Some(1), Some(2)),
];

/// Kinds of lock of a window.
#[rustfmt::skip]
pub const LOCKS: &[Int] = &[
    int("MPI_LOCK_EXCLUSIVE", Some(301), Some(234), Some(1)),
    int("MPI_LOCK_SHARED", Some(302), Some(235), Some(2)),
];

/// Assertions about a window (bits).
#[rustfmt::skip]
pub const ASSERTIONS: &[Int] = &[
    int("MPI_MODE_NOCHECK", Some(1024), Some(1024), Some(1)),
    int("MPI_MODE_NOPRECEDE", Some(2048), Some(8192), Some(2)),
    int("MPI_MODE_NOPUT", Some(4096), Some(4096), Some(4)),
    int("MPI_MODE_NOSTORE", Some(8192), Some(2048), Some(8)),
    int("MPI_MODE_NOSUCCEED", Some(16384), Some(16384), Some(16)),
];

/// Access modes of a file (bits).
#[rustfmt::skip]
pub const ACCESS_MODES: &[Int] = &[
    int("MPI_MODE_APPEND", Some(1), Some(128), Some(128)),
    int("MPI_MODE_CREATE", Some(2), Some(1), Some(1)),
    int("MPI_MODE_DELETE_ON_CLOSE", Some(4), Some(16), Some(16)),
    int("MPI_MODE_EXCL", Some(8), Some(64), Some(64)),
    int("MPI_MODE_RDONLY", Some(16), Some(2), Some(2)),
    int("MPI_MODE_RDWR", Some(32), Some(8), Some(8)),
    int("MPI_MODE_SEQUENTIAL", Some(64), Some(256), Some(256)),
    int("MPI_MODE_UNIQUE_OPEN", Some(128), Some(32), Some(32)),
    int("MPI_MODE_WRONLY", Some(256), Some(4), Some(4)),
];

/// Origins of a seek.
#[rustfmt::skip]
pub const WHENCES: &[Int] = &[
    int("MPI_SEEK_CUR", Some(401), Some(602), Some(602)),
    int("MPI_SEEK_END", Some(402), Some(604), Some(604)),
    int("MPI_SEEK_SET", Some(403), Some(600), Some(600)),
];

/// Flavours and memory models of a window.
#[rustfmt::skip]
pub const WINDOW_KINDS: &[Int] = &[
    int("MPI_WIN_FLAVOR_ALLOCATE", Some(312), Some(2), Some(2)),
    int("MPI_WIN_FLAVOR_CREATE", Some(311), Some(1), Some(1)),
    int("MPI_WIN_FLAVOR_DYNAMIC", Some(313), Some(3), Some(3)),
    int("MPI_WIN_FLAVOR_SHARED", Some(314), Some(4), Some(4)),
    int("MPI_WIN_SEPARATE", Some(322), Some(1), Some(1)),
    int("MPI_WIN_UNIFIED", Some(321), Some(2), Some(0)),
];

/// Sizes of buffers and other limits.
#[rustfmt::skip]
pub const LIMITS: &[Int] = &[
    int("MPI_BSEND_OVERHEAD", Some(512), Some(96), Some(128)),
    int("MPI_ERR_LASTCODE", Some(16383), Some(1073741823), Some(92)),
    int("MPI_MAX_DATAREP_STRING", Some(128), Some(128), Some(128)),
    int("MPI_MAX_ERROR_STRING", Some(512), Some(512), Some(256)),
    int("MPI_MAX_INFO_KEY", Some(256), Some(255), Some(36)),
    int("MPI_MAX_INFO_VAL", Some(1024), Some(1024), Some(256)),
    int("MPI_MAX_LIBRARY_VERSION_STRING", Some(8192), Some(8192), Some(256)),
    int("MPI_MAX_OBJECT_NAME", Some(128), Some(128), Some(64)),
    int("MPI_MAX_PORT_NAME", Some(1024), Some(256), Some(1024)),
    int("MPI_MAX_PROCESSOR_NAME", Some(256), Some(128), Some(256)),
    int("MPI_MAX_PSET_NAME_LEN", Some(1024), Some(256), Some(512)),
    int("MPI_MAX_STRINGTAG_LEN", Some(1024), Some(256), Some(1024)),
    int("MPI_UNDEFINED", Some(-32766), Some(-32766), Some(-32766)),
];

/// Constants of the tool interface.
#[rustfmt::skip]
pub const TOOLS: &[Int] = &[
    int("MPI_T_BIND_INVALID", None, Some(0), None),
    int("MPI_T_BIND_MPI_COMM", Some(2), Some(9701), Some(1)),
    int("MPI_T_BIND_MPI_DATATYPE", Some(3), Some(9702), Some(2)),
    int("MPI_T_BIND_MPI_ERRHANDLER", Some(4), Some(9703), Some(3)),
    int("MPI_T_BIND_MPI_FILE", Some(5), Some(9704), Some(4)),
    int("MPI_T_BIND_MPI_GROUP", Some(6), Some(9705), Some(5)),
    int("MPI_T_BIND_MPI_INFO", Some(11), Some(9710), Some(10)),
    int("MPI_T_BIND_MPI_MESSAGE", Some(10), Some(9709), Some(9)),
    int("MPI_T_BIND_MPI_OP", Some(7), Some(9706), Some(6)),
    int("MPI_T_BIND_MPI_REQUEST", Some(8), Some(9707), Some(7)),
    int("MPI_T_BIND_MPI_SESSION", Some(12), Some(9711), None),
    int("MPI_T_BIND_MPI_WIN", Some(9), Some(9708), Some(8)),
    int("MPI_T_BIND_NO_OBJECT", Some(1), Some(9700), Some(0)),
    int("MPI_T_CB_REQUIRE_ASYNC_SIGNAL_SAFE", Some(63), Some(3), None),
    int("MPI_T_CB_REQUIRE_MPI_RESTRICTED", Some(3), Some(1), None),
    int("MPI_T_CB_REQUIRE_NONE", Some(0), Some(0), None),
    int("MPI_T_CB_REQUIRE_THREAD_SAFE", Some(15), Some(2), None),
    int("MPI_T_PVAR_CLASS_AGGREGATE", Some(8), Some(247), Some(7)),
    int("MPI_T_PVAR_CLASS_COUNTER", Some(7), Some(246), Some(6)),
    int("MPI_T_PVAR_CLASS_GENERIC", Some(10), Some(249), Some(9)),
    int("MPI_T_PVAR_CLASS_HIGHWATERMARK", Some(5), Some(244), Some(4)),
    int("MPI_T_PVAR_CLASS_INVALID", None, Some(0), None),
    int("MPI_T_PVAR_CLASS_LEVEL", Some(2), Some(241), Some(1)),
    int("MPI_T_PVAR_CLASS_LOWWATERMARK", Some(6), Some(245), Some(5)),
    int("MPI_T_PVAR_CLASS_PERCENTAGE", Some(4), Some(243), Some(3)),
    int("MPI_T_PVAR_CLASS_SIZE", Some(3), Some(242), Some(2)),
    int("MPI_T_PVAR_CLASS_STATE", Some(1), Some(240), Some(0)),
    int("MPI_T_PVAR_CLASS_TIMER", Some(9), Some(248), Some(8)),
    int("MPI_T_SCOPE_ALL", Some(6), Some(60443), Some(5)),
    int("MPI_T_SCOPE_ALL_EQ", Some(7), Some(60444), Some(6)),
    int("MPI_T_SCOPE_CONSTANT", Some(1), Some(60438), Some(0)),
    int("MPI_T_SCOPE_GROUP", Some(4), Some(60441), Some(3)),
    int("MPI_T_SCOPE_GROUP_EQ", Some(5), Some(60442), Some(4)),
    int("MPI_T_SCOPE_INVALID", None, Some(0), None),
    int("MPI_T_SCOPE_LOCAL", Some(3), Some(60440), Some(2)),
    int("MPI_T_SCOPE_READONLY", Some(2), Some(60439), Some(1)),
    int("MPI_T_SOURCE_ORDERED", Some(1), Some(0), None),
    int("MPI_T_SOURCE_UNORDERED", Some(2), Some(1), None),
    int("MPI_T_VERBOSITY_INVALID", None, Some(0), None),
    int("MPI_T_VERBOSITY_MPIDEV_ALL", Some(36), Some(229), Some(8)),
    int("MPI_T_VERBOSITY_MPIDEV_BASIC", Some(33), Some(227), Some(6)),
    int("MPI_T_VERBOSITY_MPIDEV_DETAIL", Some(34), Some(228), Some(7)),
    int("MPI_T_VERBOSITY_TUNER_ALL", Some(20), Some(226), Some(5)),
    int("MPI_T_VERBOSITY_TUNER_BASIC", Some(17), Some(224), Some(3)),
    int("MPI_T_VERBOSITY_TUNER_DETAIL", Some(18), Some(225), Some(4)),
    int("MPI_T_VERBOSITY_USER_ALL", Some(12), Some(223), Some(2)),
    int("MPI_T_VERBOSITY_USER_BASIC", Some(9), Some(221), Some(0)),
    int("MPI_T_VERBOSITY_USER_DETAIL", Some(10), Some(222), Some(1)),
];

/// Communicators.
#[rustfmt::skip]
pub const COMMS: &[Handle] = &[
    handle("MPI_COMM_NULL", 256, Some(0x04000000), Some("ompi_mpi_comm_null"), Some(2)),
    handle("MPI_COMM_SELF", 258, Some(0x44000001), Some("ompi_mpi_comm_self"), Some(1)),
    handle("MPI_COMM_WORLD", 257, Some(0x44000000), Some("ompi_mpi_comm_world"), Some(0)),
];

/// Groups.
#[rustfmt::skip]
pub const GROUPS: &[Handle] = &[
    handle("MPI_GROUP_EMPTY", 265, Some(0x48000000), Some("ompi_mpi_group_empty"), Some(1)),
    handle("MPI_GROUP_NULL", 264, Some(0x08000000), Some("ompi_mpi_group_null"), Some(0)),
];

/// Windows.
#[rustfmt::skip]
pub const WINS: &[Handle] = &[
    handle("MPI_WIN_NULL", 272, Some(0x20000000), Some("ompi_mpi_win_null"), Some(0)),
];

/// Files.
#[rustfmt::skip]
pub const FILES: &[Handle] = &[
    handle("MPI_FILE_NULL", 280, Some(0x00000000), Some("ompi_mpi_file_null"), Some(0)),
];

/// Sessions.
#[rustfmt::skip]
pub const SESSIONS: &[Handle] = &[
    handle("MPI_SESSION_NULL", 288, Some(0x38000000), Some("ompi_mpi_instance_null"), None),
];

/// Messages.
#[rustfmt::skip]
pub const MESSAGES: &[Handle] = &[
    handle("MPI_MESSAGE_NO_PROC", 297, Some(0x6c000000), Some("ompi_message_no_proc"), Some(1)),
    handle("MPI_MESSAGE_NULL", 296, Some(0x2c000000), Some("ompi_message_null"), Some(0)),
];

/// Info objects.
#[rustfmt::skip]
pub const INFOS: &[Handle] = &[
    handle("MPI_INFO_ENV", 305, Some(0x5c000001), Some("ompi_mpi_info_env"), Some(1)),
    handle("MPI_INFO_NULL", 304, Some(0x1c000000), Some("ompi_mpi_info_null"), Some(0)),
];

/// Error handlers.
#[rustfmt::skip]
pub const ERRHANDLERS: &[Handle] = &[
    handle("MPI_ERRHANDLER_NULL", 320, Some(0x14000000), Some("ompi_mpi_errhandler_null"), Some(0)),
    handle("MPI_ERRORS_ABORT", 322, Some(0x54000003), Some("ompi_mpi_errors_abort"), None),
    handle("MPI_ERRORS_ARE_FATAL", 321, Some(0x54000000), Some("ompi_mpi_errors_are_fatal"), Some(1)),
    handle("MPI_ERRORS_RETURN", 323, Some(0x54000001), Some("ompi_mpi_errors_return"), Some(2)),
];

/// Requests.
#[rustfmt::skip]
pub const REQUESTS: &[Handle] = &[
    handle("MPI_REQUEST_NULL", 384, Some(0x2c000000), Some("ompi_request_null"), Some(0)),
];

/// Reduction operations.
#[rustfmt::skip]
pub const OPS: &[Handle] = &[
    handle("MPIX_EQUAL", 900, Some(0x5800000f), None, None),
    handle("MPI_BAND", 40, Some(0x58000006), Some("ompi_mpi_op_band"), Some(6)),
    handle("MPI_BOR", 41, Some(0x58000008), Some("ompi_mpi_op_bor"), Some(8)),
    handle("MPI_BXOR", 42, Some(0x5800000a), Some("ompi_mpi_op_bxor"), Some(10)),
    handle("MPI_LAND", 48, Some(0x58000005), Some("ompi_mpi_op_land"), Some(5)),
    handle("MPI_LOR", 49, Some(0x58000007), Some("ompi_mpi_op_lor"), Some(7)),
    handle("MPI_LXOR", 50, Some(0x58000009), Some("ompi_mpi_op_lxor"), Some(9)),
    handle("MPI_MAX", 35, Some(0x58000001), Some("ompi_mpi_op_max"), Some(1)),
    handle("MPI_MAXLOC", 57, Some(0x5800000c), Some("ompi_mpi_op_maxloc"), Some(11)),
    handle("MPI_MIN", 34, Some(0x58000002), Some("ompi_mpi_op_min"), Some(2)),
    handle("MPI_MINLOC", 56, Some(0x5800000b), Some("ompi_mpi_op_minloc"), Some(12)),
    handle("MPI_NO_OP", 61, Some(0x5800000e), Some("ompi_mpi_op_no_op"), Some(14)),
    handle("MPI_OP_NULL", 32, Some(0x18000000), Some("ompi_mpi_op_null"), Some(0)),
    handle("MPI_PROD", 36, Some(0x58000004), Some("ompi_mpi_op_prod"), Some(4)),
    handle("MPI_REPLACE", 60, Some(0x5800000d), Some("ompi_mpi_op_replace"), Some(13)),
    handle("MPI_SUM", 33, Some(0x58000003), Some("ompi_mpi_op_sum"), Some(3)),
];

/// Datatypes. Several names may stand for one type; the first one of an id is its proper name.
#[rustfmt::skip]
pub const TYPES: &[Handle] = &[
    handle("MPIX_BFLOAT16", 904, Some(0x4c00024c), None, None),
    handle("MPIX_C_FLOAT16", 903, Some(0x4c000246), None, None),
    handle("MPI_2COMPLEX", 900, None, Some("ompi_mpi_2cplex"), Some(26)),
    handle("MPI_2DOUBLE_COMPLEX", 901, None, Some("ompi_mpi_2dblcplex"), Some(27)),
    handle("MPI_2DOUBLE_PRECISION", 561, Some(0x4c001023), Some("ompi_mpi_2dblprec"), Some(24)),
    handle("MPI_2INT", 555, Some(0x4c000816), Some("ompi_mpi_2int"), Some(52)),
    handle("MPI_2INTEGER", 562, Some(0x4c000820), Some("ompi_mpi_2integer"), Some(25)),
    handle("MPI_2REAL", 560, Some(0x4c000821), Some("ompi_mpi_2real"), Some(23)),
    handle("MPI_AINT", 513, Some(0x4c000843), Some("ompi_mpi_aint"), Some(66)),
    handle("MPI_BYTE", 583, Some(0x4c00010d), Some("ompi_mpi_byte"), Some(1)),
    handle("MPI_CHAR", 579, Some(0x4c000101), Some("ompi_mpi_char"), Some(34)),
    handle("MPI_CHARACTER", 542, Some(0x4c00011a), Some("ompi_mpi_character"), Some(5)),
    handle("MPI_COMPLEX", 539, Some(0x4c00081e), Some("ompi_mpi_cplex"), Some(18)),
    handle("MPI_COMPLEX16", 739, Some(0x4c00102a), Some("ompi_mpi_complex16"), Some(20)),
    handle("MPI_COMPLEX32", 747, Some(0x4c00202c), Some("ompi_mpi_complex32"), Some(21)),
    handle("MPI_COMPLEX4", 723, Some(0x4c00042e), None, None),
    handle("MPI_COMPLEX8", 731, Some(0x4c000828), Some("ompi_mpi_complex8"), Some(19)),
    handle("MPI_COUNT", 514, Some(0x4c000845), Some("ompi_mpi_count"), Some(72)),
    handle("MPI_CXX_BOOL", 569, Some(0x4c000133), Some("ompi_mpi_cxx_bool"), Some(54)),
    handle("MPI_CXX_COMPLEX", 902, None, None, None),
    handle("MPI_CXX_DOUBLE_COMPLEX", 535, Some(0x4c001035), Some("ompi_mpi_cxx_dblcplex"), Some(56)),
    handle("MPI_CXX_FLOAT_COMPLEX", 531, Some(0x4c000834), Some("ompi_mpi_cxx_cplex"), Some(55)),
    handle("MPI_CXX_LONG_DOUBLE_COMPLEX", 549, Some(0x4c002036), Some("ompi_mpi_cxx_ldblcplex"), Some(57)),
    handle("MPI_C_BOOL", 568, Some(0x4c00013f), Some("ompi_mpi_c_bool"), Some(68)),
    handle("MPI_C_DOUBLE_COMPLEX", 534, Some(0x4c001041), Some("ompi_mpi_c_double_complex"), Some(70)),
    handle("MPI_C_FLOAT_COMPLEX", 530, Some(0x4c000840), Some("ompi_mpi_c_float_complex"), Some(69)),
    handle("MPI_C_LONG_DOUBLE_COMPLEX", 548, Some(0x4c002042), Some("ompi_mpi_c_long_double_complex"), Some(71)),
    handle("MPI_DATATYPE_NULL", 512, Some(0x0c000000), Some("ompi_mpi_datatype_null"), Some(0)),
    handle("MPI_DOUBLE", 532, Some(0x4c00080b), Some("ompi_mpi_double"), Some(46)),
    handle("MPI_DOUBLE_COMPLEX", 541, Some(0x4c001022), Some("ompi_mpi_dblcplex"), Some(22)),
    handle("MPI_DOUBLE_INT", 553, Some(0x8c000001), Some("ompi_mpi_double_int"), Some(49)),
    handle("MPI_DOUBLE_PRECISION", 540, Some(0x4c00081f), Some("ompi_mpi_dblprec"), Some(17)),
    handle("MPI_FLOAT", 528, Some(0x4c00040a), Some("ompi_mpi_float"), Some(45)),
    handle("MPI_FLOAT_INT", 552, Some(0x8c000000), Some("ompi_mpi_float_int"), Some(48)),
    handle("MPI_INT", 521, Some(0x4c000405), Some("ompi_mpi_int"), Some(39)),
    handle("MPI_INT16_T", 584, Some(0x4c000238), Some("ompi_mpi_int16_t"), Some(60)),
    handle("MPI_INT32_T", 592, Some(0x4c000439), Some("ompi_mpi_int32_t"), Some(62)),
    handle("MPI_INT64_T", 600, Some(0x4c00083a), Some("ompi_mpi_int64_t"), Some(64)),
    handle("MPI_INT8_T", 576, Some(0x4c000137), Some("ompi_mpi_int8_t"), Some(58)),
    handle("MPI_INTEGER", 537, Some(0x4c00041b), Some("ompi_mpi_integer"), Some(7)),
    handle("MPI_INTEGER1", 705, Some(0x4c00012d), Some("ompi_mpi_integer1"), Some(8)),
    handle("MPI_INTEGER16", 737, Some(0x4c001032), None, Some(12)),
    handle("MPI_INTEGER2", 713, Some(0x4c00022f), Some("ompi_mpi_integer2"), Some(9)),
    handle("MPI_INTEGER4", 721, Some(0x4c000430), Some("ompi_mpi_integer4"), Some(10)),
    handle("MPI_INTEGER8", 729, Some(0x4c000831), Some("ompi_mpi_integer8"), Some(11)),
    handle("MPI_LB", 905, Some(0x4c000010), None, Some(4)),
    handle("MPI_LOGICAL", 536, Some(0x4c00041d), Some("ompi_mpi_logical"), Some(6)),
    handle("MPI_LOGICAL1", 704, Some(0x4c000147), Some("ompi_mpi_logical1"), Some(29)),
    handle("MPI_LOGICAL16", 736, Some(0x4c00104b), None, None),
    handle("MPI_LOGICAL2", 712, Some(0x4c000248), Some("ompi_mpi_logical2"), Some(30)),
    handle("MPI_LOGICAL4", 720, Some(0x4c000449), Some("ompi_mpi_logical4"), Some(31)),
    handle("MPI_LOGICAL8", 728, Some(0x4c00084a), Some("ompi_mpi_logical8"), Some(32)),
    handle("MPI_LONG", 522, Some(0x4c000807), Some("ompi_mpi_long"), Some(41)),
    handle("MPI_LONG_DOUBLE", 544, Some(0x4c00100c), Some("ompi_mpi_long_double"), Some(47)),
    handle("MPI_LONG_DOUBLE_INT", 557, Some(0x8c000004), Some("ompi_mpi_longdbl_int"), Some(50)),
    handle("MPI_LONG_INT", 554, Some(0x8c000002), Some("ompi_mpi_long_int"), Some(51)),
    handle("MPI_LONG_LONG", 523, Some(0x4c000809), Some("ompi_mpi_long_long_int"), Some(43)),
    handle("MPI_OFFSET", 515, Some(0x4c000844), Some("ompi_mpi_offset"), Some(67)),
    handle("MPI_PACKED", 519, Some(0x4c00010f), Some("ompi_mpi_packed"), Some(2)),
    handle("MPI_REAL", 538, Some(0x4c00041c), Some("ompi_mpi_real"), Some(13)),
    handle("MPI_REAL16", 738, Some(0x4c00102b), Some("ompi_mpi_real16"), Some(16)),
    handle("MPI_REAL2", 714, Some(0x4c000226), None, Some(28)),
    handle("MPI_REAL4", 722, Some(0x4c000427), Some("ompi_mpi_real4"), Some(14)),
    handle("MPI_REAL8", 730, Some(0x4c000829), Some("ompi_mpi_real8"), Some(15)),
    handle("MPI_SHORT", 520, Some(0x4c000203), Some("ompi_mpi_short"), Some(37)),
    handle("MPI_SHORT_INT", 556, Some(0x8c000003), Some("ompi_mpi_short_int"), Some(53)),
    handle("MPI_SIGNED_CHAR", 580, Some(0x4c000118), Some("ompi_mpi_signed_char"), Some(36)),
    handle("MPI_UB", 906, Some(0x4c000011), None, Some(3)),
    handle("MPI_UINT16_T", 585, Some(0x4c00023c), Some("ompi_mpi_uint16_t"), Some(61)),
    handle("MPI_UINT32_T", 593, Some(0x4c00043d), Some("ompi_mpi_uint32_t"), Some(63)),
    handle("MPI_UINT64_T", 601, Some(0x4c00083e), Some("ompi_mpi_uint64_t"), Some(65)),
    handle("MPI_UINT8_T", 577, Some(0x4c00013b), Some("ompi_mpi_uint8_t"), Some(59)),
    handle("MPI_UNSIGNED", 525, Some(0x4c000406), Some("ompi_mpi_unsigned"), Some(40)),
    handle("MPI_UNSIGNED_CHAR", 581, Some(0x4c000102), Some("ompi_mpi_unsigned_char"), Some(35)),
    handle("MPI_UNSIGNED_LONG", 526, Some(0x4c000808), Some("ompi_mpi_unsigned_long"), Some(42)),
    handle("MPI_UNSIGNED_LONG_LONG", 527, Some(0x4c000819), Some("ompi_mpi_unsigned_long_long"), Some(44)),
    handle("MPI_UNSIGNED_SHORT", 524, Some(0x4c000204), Some("ompi_mpi_unsigned_short"), Some(38)),
    handle("MPI_WCHAR", 572, Some(0x4c00040e), Some("ompi_mpi_wchar"), Some(33)),
    handle("MPI_C_COMPLEX", 530, Some(0x4c000840), Some("ompi_mpi_c_float_complex"), Some(69)),
    handle("MPI_LONG_LONG_INT", 523, Some(0x4c000809), Some("ompi_mpi_long_long_int"), Some(43)),
];
