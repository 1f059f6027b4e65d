//! One sentence per predefined error class.

use crate::constants::class;

macro_rules! texts {
    ($($class:ident $text:literal)*) => {
        /// The text of a predefined class; None for a number that is no class.
        pub fn of_class(number: i32) -> Option<&'static str> {
            match number {
                0 => Some("MPI_SUCCESS: no error"),
                $(class::$class => Some(concat!("MPI_ERR_", stringify!($class), ": ", $text)),)*
                class::LASTCODE => Some("MPI_ERR_LASTCODE: the last predefined error code"),
                _ => None,
            }
        }
    };
}

texts! {
    BUFFER "the buffer is not valid"
    COUNT "the count is not valid"
    TYPE "the datatype is not valid here"
    TAG "the tag is outside of the valid range"
    COMM "the communicator is not valid here"
    RANK "the rank is not in the group"
    REQUEST "the request is not valid here"
    ROOT "the root is not a rank of the group"
    GROUP "the group is not valid here"
    OP "the operation is not valid here"
    TOPOLOGY "the communicator has no topology of that kind"
    DIMS "the dimensions are not valid"
    ARG "an argument is not valid"
    UNKNOWN "the cause is not known"
    TRUNCATE "the message is longer than the receive buffer"
    OTHER "an error that fits no other class"
    INTERN "an error inside of the library"
    PENDING "the operation is not complete"
    IN_STATUS "the error codes are in the statuses"
    ACCESS "access is denied"
    AMODE "the access mode is not valid"
    ASSERT "the assertion argument is not valid"
    BAD_FILE "the file name is not valid"
    BASE "the base address is not valid"
    CONVERSION "a data conversion function failed"
    DISP "the displacement is not valid"
    DUP_DATAREP "the data representation is defined already"
    FILE_EXISTS "the file exists already"
    FILE_IN_USE "the file is open in some process"
    FILE "the file handle is not valid"
    INFO_KEY "the info key is empty or too long"
    INFO_NOKEY "the info object has no such key"
    INFO_VALUE "the info value is too long"
    INFO "the info object is not valid here"
    IO "an input or output operation failed"
    KEYVAL "the attribute key is not valid here"
    LOCKTYPE "the lock type is not valid"
    NAME "the service name is not published"
    NO_MEM "there is no memory left"
    NOT_SAME "an argument differs between the processes"
    NO_SPACE "there is no space left"
    NO_SUCH_FILE "the file does not exist"
    PORT "the port name is not valid"
    QUOTA "the quota is used up"
    READ_ONLY "the file or file system is read-only"
    RMA_ATTACH "the memory cannot be attached"
    RMA_CONFLICT "accesses to the window conflict"
    RMA_RANGE "the target memory is not part of the window"
    RMA_SHARED "the memory cannot be shared"
    RMA_SYNC "the synchronization of the window is wrong"
    SERVICE "the service name is not valid"
    SIZE "the size is not valid"
    SPAWN "the processes could not be started"
    UNSUPPORTED_DATAREP "the data representation is not supported"
    UNSUPPORTED_OPERATION "the operation is not supported"
    WIN "the window is not valid here"
    RMA_FLAVOR "the window is of the wrong flavor"
    PROC_ABORTED "a process that takes part has ended"
    VALUE_TOO_LARGE "the value is too large for the argument's type"
    SESSION "the session is not valid here"
    ERRHANDLER "the error handler is not valid here"
    ABI "the request does not fit the ABI in use"
}
