//! The emitters: rows of the table in, exported functions out.
//!
//! `MPI_X` and `PMPI_X` are two exported functions around one body, so that a profiling library may define `MPI_X` and call
//! `PMPI_X`. The `_c` functions are the same body with 64-bit counts.

/// Exports every function of the table for the ABI `$abi`, and registers its callbacks when the library is loaded.
#[macro_export]
macro_rules! export_abi {
    ($abi:ty) => {
        #[used]
        #[unsafe(link_section = ".init_array")]
        static AT_LOAD: extern "C" fn() = {
            extern "C" fn at_load() {
                $crate::callbacks::register::<$abi>();
            }
            at_load
        };
        $crate::table::mpi_functions! { [$crate::emit] $abi; }
    };
}

/// One chapter of rows.
#[macro_export]
macro_rules! emit {
    ($abi:ty; $($status:ident $($m:ident $(:: $f:ident)?)? $name:literal $($large:ident)? ($($params:tt)*) $(-> $ret:ident)? ;)*) => {
        $($crate::emit_row! { $abi, $status [$($m $(:: $f)?)?] $name [$($large)?] ($($params)*) $(-> $ret)? })*
    };
}

/// One row: finds the shape of the function by its status.
#[macro_export]
macro_rules! emit_row {
    ($abi:ty, done [$m:ident :: $f:ident] $($rest:tt)*) => {
        $crate::emit_sizes! { $abi, [call check [$crate::engine::$m::$f] []] $($rest)* }
    };
    ($abi:ty, any [$m:ident :: $f:ident] $($rest:tt)*) => {
        $crate::emit_sizes! { $abi, [call any [$crate::engine::$m::$f] []] $($rest)* }
    };
    ($abi:ty, kit [$f:ident] $($rest:tt)*) => {
        $crate::emit_sizes! { $abi, [call check [$crate::special::$f] [$crate::abi::Using::<$abi>::new(),]] $($rest)* }
    };
    ($abi:ty, anykit [$f:ident] $($rest:tt)*) => {
        $crate::emit_sizes! { $abi, [call any [$crate::special::$f] [$crate::abi::Using::<$abi>::new(),]] $($rest)* }
    };
    ($abi:ty, value [$m:ident :: $f:ident] $($rest:tt)*) => {
        $crate::emit_sizes! { $abi, [value [$crate::engine::$m::$f] [$crate::host::engine(),]] $($rest)* }
    };
    ($abi:ty, kitvalue [$f:ident] $($rest:tt)*) => {
        $crate::emit_sizes! { $abi, [value [$crate::special::$f] [$crate::abi::Using::<$abi>::new(),]] $($rest)* }
    };
    ($abi:ty, stub [] $($rest:tt)*) => {
        $crate::emit_sizes! { $abi, [stub] $($rest)* }
    };
    ($abi:ty, tool [] $($rest:tt)*) => {
        $crate::emit_sizes! { $abi, [tool] $($rest)* }
    };
}

/// One row: the normal function, and the `_c` function if there is one.
#[macro_export]
macro_rules! emit_sizes {
    ($abi:ty, $shape:tt $name:literal [] $params:tt $(-> $ret:ident)?) => {
        $crate::emit_params! { $abi, Small, $shape, $name, concat!("P", $name), $params $(-> $ret)? }
    };
    ($abi:ty, $shape:tt $name:literal [large] $params:tt $(-> $ret:ident)?) => {
        $crate::emit_params! { $abi, Small, $shape, $name, concat!("P", $name), $params $(-> $ret)? }
        $crate::emit_params! { $abi, Large, $shape, concat!($name, "_c"), concat!("P", $name, "_c"), $params $(-> $ret)? }
    };
}

/// Puts each parameter into brackets, because an empty list and a list with an empty element look the same.
#[macro_export]
macro_rules! emit_params {
    ($abi:ty, $size:ident, $shape:tt, $name:expr, $pname:expr, () $(-> $ret:ident)?) => {
        $crate::emit_shape! { $shape, ($abi, $size, $name, $pname) $(-> $ret)? }
    };
    ($abi:ty, $size:ident, $shape:tt, $name:expr, $pname:expr,
     ($($($i:ident : $ik:ident)? $(> $o:ident : $ok:ident)? $(~ $g:ident : $gk:ident)?),+) $(-> $ret:ident)?) => {
        $crate::emit_shape! { $shape, ($abi, $size, $name, $pname)
            $([$(input $i $ik)? $(output $o $ok)? $(ignored $g $gk)?])+ $(-> $ret)? }
    };
}

/// The body of a function, by shape.
#[macro_export]
macro_rules! emit_shape {
    ([call $check:ident [$($callee:tt)*] [$($first:tt)*]], ($abi:ty, $size:ident, $name:expr, $pname:expr)
     $([$(input $i:ident $ik:ident)? $(output $o:ident $ok:ident)? $(ignored $g:ident $gk:ident)?])*) => {
        $crate::emit_exports! { ($abi, $size, $name, $pname, std::ffi::c_int)
            $([$(input $i $ik)? $(output $o $ok)? $(ignored $g $gk)?])* {
                use $crate::kinds::{Clear, In, Store};
                let guard = $crate::host::lock();
                let engine = guard.value();
                $crate::emit_check! { $check $abi, engine, $name }
                let outcome: $crate::engine::Result = (|| {
                    $($(
                        // SAFETY: an argument of the call in progress.
                        let mut $i = unsafe { <$crate::kinds::$ik as In<$abi, $crate::kinds::$size>>::take($i, stringify!($i)) }?;
                    )?)*
                    $($(
                        // SAFETY: an output argument of the call in progress.
                        let $o = unsafe { $crate::kinds::Place::<$crate::kinds::$ok, $abi, $crate::kinds::$size>::new($o, stringify!($o)) }?;
                    )?)*
                    let result = $($callee)*($($first)* engine,
                        $($(<$crate::kinds::$ik as In<$abi, $crate::kinds::$size>>::arg(&mut $i),)?)*);
                    $($(
                        // SAFETY: `take` has succeeded for this argument.
                        unsafe { <$crate::kinds::$ik as In<$abi, $crate::kinds::$size>>::finish($i) };
                    )?)*
                    let places = ($($($o,)?)*);
                    match result {
                        Ok(value) => Store::store(places, value),
                        Err(error) => {
                            Clear::clear(places);
                            return Err(error);
                        }
                    }
                    Ok(())
                })();
                match outcome {
                    Ok(()) => 0,
                    Err(error) => {
                        // SAFETY: arguments of the call in progress.
                        let on = unsafe { None$($(.or(<$crate::kinds::$ik as In<$abi, $crate::kinds::$size>>::on($i)))?)* };
                        $crate::call::raise::<$abi>(engine, $name, error, on)
                    }
                }
            }
        }
    };
    ([stub], ($abi:ty, $size:ident, $name:expr, $pname:expr)
     $([$(input $i:ident $ik:ident)? $(output $o:ident $ok:ident)? $(ignored $g:ident $gk:ident)?])*) => {
        $crate::emit_exports! { ($abi, $size, $name, $pname, std::ffi::c_int)
            $([$(input $i $ik)? $(output $o $ok)? $(ignored $g $gk)?])* {
                // SAFETY: arguments of the call in progress.
                let on = unsafe { None$($(.or(<$crate::kinds::$ik as $crate::kinds::In<$abi, $crate::kinds::$size>>::on($i)))?)* };
                $crate::call::stub::<$abi>($name, on)
            }
        }
    };
    ([tool], ($abi:ty, $size:ident, $name:expr, $pname:expr) $($params:tt)*) => {
        $crate::emit_exports! { ($abi, $size, $name, $pname, std::ffi::c_int) $($params)* {
            $crate::call::tool_stub::<$abi>()
        } }
    };
    ([value [$($callee:tt)*] [$($first:tt)*]], ($abi:ty, $size:ident, $name:expr, $pname:expr)
     $([input $i:ident $ik:ident])* -> $ret:ident) => {
        $crate::emit_exports! { ($abi, $size, $name, $pname,
            <$crate::kinds::$ret as $crate::kinds::Out<$abi, $crate::kinds::$size>>::C)
            $([input $i $ik])* {
                $(
                    // SAFETY: an argument of the call in progress.
                    let $i = unsafe { <$crate::kinds::$ik as $crate::kinds::In<$abi, $crate::kinds::$size>>::take($i, "") };
                    let mut $i = $i.unwrap_or_else(|_| std::process::abort());
                )*
                let value = $($callee)*($($first)*
                    $(<$crate::kinds::$ik as $crate::kinds::In<$abi, $crate::kinds::$size>>::arg(&mut $i),)*);
                <$crate::kinds::$ret as $crate::kinds::Out<$abi, $crate::kinds::$size>>::encode(value)
            }
        }
    };
}

/// The phase check of a function that may be called between `MPI_Init` and `MPI_Finalize` only.
#[macro_export]
macro_rules! emit_check {
    (any $abi:ty, $engine:ident, $name:expr) => {};
    (check $abi:ty, $engine:ident, $name:expr) => {
        if !$crate::call::is_running($engine) {
            return $crate::call::not_running($engine, $name);
        }
    };
}

/// Two exported functions around one body.
#[macro_export]
macro_rules! emit_exports {
    (($abi:ty, $size:ident, $name:expr, $pname:expr, $ret:ty)
     $([$(input $i:ident $ik:ident)? $(output $o:ident $ok:ident)? $(ignored $g:ident $gk:ident)?])* $body:block) => {
        #[allow(clippy::too_many_arguments, reason = "the arguments of the MPI function")]
        const _: () = {
            #[allow(unused_variables, reason = "a stub looks at few of its arguments")]
            fn body($(
                $($i: <$crate::kinds::$ik as $crate::kinds::In<$abi, $crate::kinds::$size>>::C)?
                $($o: *mut <$crate::kinds::$ok as $crate::kinds::Out<$abi, $crate::kinds::$size>>::C)?
                $($g: <$crate::kinds::$gk as $crate::kinds::In<$abi, $crate::kinds::$size>>::C)?
            ),*) -> $ret $body

            #[unsafe(export_name = $name)]
            extern "C" fn export($(
                $($i: <$crate::kinds::$ik as $crate::kinds::In<$abi, $crate::kinds::$size>>::C)?
                $($o: *mut <$crate::kinds::$ok as $crate::kinds::Out<$abi, $crate::kinds::$size>>::C)?
                $($g: <$crate::kinds::$gk as $crate::kinds::In<$abi, $crate::kinds::$size>>::C)?
            ),*) -> $ret {
                body($($($i)? $($o)? $($g)?),*)
            }

            #[unsafe(export_name = $pname)]
            extern "C" fn profiled($(
                $($i: <$crate::kinds::$ik as $crate::kinds::In<$abi, $crate::kinds::$size>>::C)?
                $($o: *mut <$crate::kinds::$ok as $crate::kinds::Out<$abi, $crate::kinds::$size>>::C)?
                $($g: <$crate::kinds::$gk as $crate::kinds::In<$abi, $crate::kinds::$size>>::C)?
            ),*) -> $ret {
                body($($($i)? $($o)? $($g)?),*)
            }
        };
    };
}
