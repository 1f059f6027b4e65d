//! Conversions of handles and statuses between C and Fortran.

#[macro_export]
#[rustfmt::skip]
macro_rules! handles_functions {
    ([$($emitter:tt)*] $($args:tt)*) => { $($emitter)*! { $($args)*
        kitvalue c2f "MPI_Comm_c2f" (comm: Comm) -> Fint;
        kitvalue f2c "MPI_Comm_f2c" (comm: Fint) -> Comm;
        kitvalue fromint "MPI_Comm_fromint" (comm: Int) -> Comm;
        kitvalue toint "MPI_Comm_toint" (comm: Comm) -> Int;
        kitvalue c2f "MPI_Errhandler_c2f" (errhandler: Errh) -> Fint;
        kitvalue f2c "MPI_Errhandler_f2c" (errhandler: Fint) -> Errh;
        kitvalue fromint "MPI_Errhandler_fromint" (errhandler: Int) -> Errh;
        kitvalue toint "MPI_Errhandler_toint" (errhandler: Errh) -> Int;
        kitvalue c2f "MPI_File_c2f" (file: File) -> Fint;
        kitvalue f2c "MPI_File_f2c" (file: Fint) -> File;
        kitvalue fromint "MPI_File_fromint" (file: Int) -> File;
        kitvalue toint "MPI_File_toint" (file: File) -> Int;
        kitvalue c2f "MPI_Group_c2f" (group: Group) -> Fint;
        kitvalue f2c "MPI_Group_f2c" (group: Fint) -> Group;
        kitvalue fromint "MPI_Group_fromint" (group: Int) -> Group;
        kitvalue toint "MPI_Group_toint" (group: Group) -> Int;
        kitvalue c2f "MPI_Info_c2f" (info: Info) -> Fint;
        kitvalue f2c "MPI_Info_f2c" (info: Fint) -> Info;
        kitvalue fromint "MPI_Info_fromint" (info: Int) -> Info;
        kitvalue toint "MPI_Info_toint" (info: Info) -> Int;
        kitvalue c2f "MPI_Message_c2f" (message: Message) -> Fint;
        kitvalue f2c "MPI_Message_f2c" (message: Fint) -> Message;
        kitvalue fromint "MPI_Message_fromint" (message: Int) -> Message;
        kitvalue toint "MPI_Message_toint" (message: Message) -> Int;
        kitvalue c2f "MPI_Op_c2f" (op: Op) -> Fint;
        kitvalue f2c "MPI_Op_f2c" (op: Fint) -> Op;
        kitvalue fromint "MPI_Op_fromint" (op: Int) -> Op;
        kitvalue toint "MPI_Op_toint" (op: Op) -> Int;
        kitvalue c2f "MPI_Request_c2f" (request: Req) -> Fint;
        kitvalue f2c "MPI_Request_f2c" (request: Fint) -> Req;
        kitvalue fromint "MPI_Request_fromint" (request: Int) -> Req;
        kitvalue toint "MPI_Request_toint" (request: Req) -> Int;
        kitvalue c2f "MPI_Session_c2f" (session: Session) -> Fint;
        kitvalue f2c "MPI_Session_f2c" (session: Fint) -> Session;
        kitvalue fromint "MPI_Session_fromint" (session: Int) -> Session;
        kitvalue toint "MPI_Session_toint" (session: Session) -> Int;
        kitvalue status_c2f "MPI_Status_c2f" (c_status: Addr, f_status: Addr) -> Int;
        kitvalue status_c2f08 "MPI_Status_c2f08" (c_status: Addr, f08_status: Addr) -> Int;
        kitvalue status_f082c "MPI_Status_f082c" (f08_status: Addr, c_status: Addr) -> Int;
        kitvalue status_f082f "MPI_Status_f082f" (f08_status: Addr, f_status: Addr) -> Int;
        kitvalue status_f2c "MPI_Status_f2c" (f_status: Addr, c_status: Addr) -> Int;
        kitvalue status_f2f08 "MPI_Status_f2f08" (f_status: Addr, f08_status: Addr) -> Int;
        kitvalue c2f "MPI_Type_c2f" (datatype: Type) -> Fint;
        kitvalue f2c "MPI_Type_f2c" (datatype: Fint) -> Type;
        kitvalue fromint "MPI_Type_fromint" (datatype: Int) -> Type;
        kitvalue toint "MPI_Type_toint" (datatype: Type) -> Int;
        kitvalue c2f "MPI_Win_c2f" (win: Win) -> Fint;
        kitvalue f2c "MPI_Win_f2c" (win: Fint) -> Win;
        kitvalue fromint "MPI_Win_fromint" (win: Int) -> Win;
        kitvalue toint "MPI_Win_toint" (win: Win) -> Int;
    } };
}
