import { TensorProto_DataType } from '@marquee/onnx';

export type DataType = 'float64' | 'float32' | 'float16' | 'int32' | 'int64' | 'uint8' | 'int8' | 'bool';

interface DataTypeTraits {
  readonly onnx: TensorProto_DataType;
  readonly sizeBytes: number;
  readonly isFloat: boolean;
}

export const dataTypes: Readonly<Record<DataType, DataTypeTraits>> = {
  float64: { onnx: TensorProto_DataType.DOUBLE, sizeBytes: 8, isFloat: true },
  float32: { onnx: TensorProto_DataType.FLOAT, sizeBytes: 4, isFloat: true },
  float16: { onnx: TensorProto_DataType.FLOAT16, sizeBytes: 2, isFloat: true },
  int32: { onnx: TensorProto_DataType.INT32, sizeBytes: 4, isFloat: false },
  int64: { onnx: TensorProto_DataType.INT64, sizeBytes: 8, isFloat: false },
  uint8: { onnx: TensorProto_DataType.UINT8, sizeBytes: 1, isFloat: false },
  int8: { onnx: TensorProto_DataType.INT8, sizeBytes: 1, isFloat: false },
  bool: { onnx: TensorProto_DataType.BOOL, sizeBytes: 1, isFloat: false },
};
